//! Copies the repositories while programs write to them.

use std::{collections::BTreeSet, ffi::OsString, fs, io, os::unix::fs::MetadataExt as _, path::Path};

use super::{
    copier::{Copier, Found, names, remove, sync},
    objects, other_files,
    refs::Refs,
};

/// How often a repository is copied that is replaced while it is copied.
const MAX_TRIES: usize = 10;

/// Copies all repositories from one folder to another, and removes copies of repositories that are gone; how many there are.
pub(super) fn copy(from: &Path, to: &Path, copier: &mut Copier) -> anyhow::Result<usize> {
    let mut seen = BTreeSet::new();
    loop {
        let present = list(from)?;
        // Renamed or made while others were copied.
        let new: Vec<_> = present.difference(&seen).cloned().collect();
        if new.is_empty() {
            for name in names(to)?.into_iter().filter(|name| !present.contains(name)) {
                remove(&to.join(name))?;
            }
            sync(to)?;
            return Ok(present.len());
        }
        for name in new {
            let copied = copy_repository(&from.join(&name), &to.join(&name), copier);
            copied
                .map_err(|error| anyhow::Error::new(error).context(format!("copying {}", name.display())))?;
            seen.insert(name);
        }
    }
}

/// The folders that are bare repositories; those that the server is making or removing begin with a dot.
fn list(folder: &Path) -> io::Result<BTreeSet<OsString>> {
    let is_repository = |name: &OsString| {
        let path = folder.join(name);
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
        !name.as_encoded_bytes().starts_with(b".") && is_folder && path.join("HEAD").is_file()
    };
    Ok(names(folder)?.into_iter().filter(is_repository).collect())
}

/// Copies a repository; again if it was replaced by another of its name meanwhile. One that is gone is not copied.
fn copy_repository(from: &Path, to: &Path, copier: &mut Copier) -> io::Result<()> {
    for _ in 0..MAX_TRIES {
        let Some(before) = identity(from) else { return Ok(()) };
        let found = copy_once(from, to, copier)?;
        match identity(from) {
            None => return Ok(()),
            Some(after) if found == Found::There && after == before => return Ok(()),
            Some(_) => {}
        }
    }
    Err(io::Error::other("it is replaced again and again, or has no HEAD"))
}

/// Tells folders of one name apart; `None` if it is gone.
fn identity(folder: &Path) -> Option<(u64, u64)> {
    fs::metadata(folder).ok().map(|found| (found.dev(), found.ino()))
}

/// Reads the refs before the objects, so that all objects that they need are there to be copied; and writes them after the objects.
fn copy_once(from: &Path, to: &Path, copier: &mut Copier) -> io::Result<Found> {
    let Some(refs) = Refs::read(from)? else { return Ok(Found::Vanished) };
    for folder in ["objects/info", "objects/pack", "refs/heads", "refs/tags", "info"] {
        fs::create_dir_all(to.join(folder))?;
    }
    let others = other_files::copy(from, to, copier)?;
    let Some(objects) = objects::copy(from, to, copier)? else { return Ok(Found::Vanished) };
    sync(to)?;
    refs.write(to, copier)?;
    sync(to)?;
    objects.remove_others(to)?;
    others.remove_others(to)?;
    Ok(Found::There)
}
