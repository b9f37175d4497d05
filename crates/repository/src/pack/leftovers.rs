//! Files that a killed process left in the folder of the packs.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use super::{
    index,
    temporary_file::{INDEX, PACK, is_our_keep_file},
};
use crate::object::Id;

/// Whether this crate has a pack in `folder` that contains the object and is about to be published: under a temporary name, or
/// in place with a `.keep` file of ours.
pub(crate) fn is_being_published(folder: &Path, object: &Id) -> io::Result<bool> {
    let mut indexes = files(folder, INDEX)?;
    let marks = files(folder, "pack-")?.into_iter().filter(|path| is_our_keep_file(path));
    indexes.extend(marks.map(|mark| mark.with_extension("idx")).filter(|index| index.exists()));
    for index in indexes {
        if index::contains(&index, object)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes the temporary packs and the `.keep` files that this crate has left in `folder`. Those of other programs may be in
/// use; the names of their packs are shorter.
///
/// The packs stay that contain one of the `needed` commits, those of sealed tasks. So do all `.keep` files if there is such a
/// commit.
pub(crate) fn remove_leftovers(folder: &Path, needed: &[Id]) -> io::Result<()> {
    let mut kept = Vec::new();
    for index in files(folder, INDEX)?.into_iter().filter(|_| !needed.is_empty()) {
        if needed.iter().any(|commit| index::contains(&index, commit).unwrap_or(false)) {
            kept.extend(pack_checksum(&index)?);
        }
    }
    for path in [files(folder, PACK)?, files(folder, INDEX)?].concat() {
        let is_kept =
            !kept.is_empty() && pack_checksum(&path)?.is_some_and(|checksum| kept.contains(&checksum));
        if is_ours(&path) && !is_kept {
            fs::remove_file(path)?;
        }
    }
    if needed.is_empty() {
        files(folder, "pack-")?
            .into_iter()
            .filter(|path| is_our_keep_file(path))
            .try_for_each(fs::remove_file)?;
    }
    Ok(())
}

/// The files in `folder` whose names begin so; none where there is no folder.
pub(super) fn files(folder: &Path, start: &str) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(start)) {
            files.push(entry.path());
        }
    }
    Ok(files)
}

/// The last bytes of a file; `None` if it has fewer.
fn tail<const LENGTH: usize>(path: &Path) -> io::Result<Option<[u8; LENGTH]>> {
    let file = File::open(path)?;
    let Some(start) = file.metadata()?.len().checked_sub(LENGTH as u64) else { return Ok(None) };
    let mut bytes = [0; LENGTH];
    file.read_exact_at(&mut bytes, start)?;
    Ok(Some(bytes))
}

/// The checksum of the pack that a complete file is, or that a complete index belongs to.
pub(super) fn pack_checksum(path: &Path) -> io::Result<Option<Id>> {
    match name_after(path, INDEX) {
        Some(_) => Ok(tail::<40>(path)?.and_then(|tail| tail.first_chunk().copied())),
        None => tail::<20>(path),
    }
}

/// Whether this crate made the temporary file: it ends in a UUID.
fn is_ours(path: &Path) -> bool {
    let rest = name_after(path, PACK).or_else(|| name_after(path, INDEX));
    let unique = rest.map(|rest| rest.rsplit('_').next().unwrap_or(rest));
    unique.is_some_and(|unique| unique.len() == 32 && Uuid::try_parse(unique).is_ok())
}

fn name_after<'p>(path: &'p Path, start: &str) -> Option<&'p str> {
    path.file_name()?.to_str()?.strip_prefix(start)
}
