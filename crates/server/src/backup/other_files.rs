//! Copies what is in a repository besides refs and objects: its configuration, reflogs, hooks, notes of this program.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use super::copier::{Copier, Same, Way, names, remove};

/// What is copied by other rules, is made again, or belongs to a running program.
const LEFT_OUT: [&str; 8] =
    ["objects", "refs", "HEAD", "packed-refs", "worktrees", "gc.pid", "gc.log", "longhaul-changes-1"];
/// Up to this size, files are compared by their content; longer ones, such as reflogs, by size and time.
const MAX_COMPARED: u64 = 1 << 20;

/// The files in a copy, relative to its folder.
pub(super) struct OtherFiles(BTreeSet<PathBuf>);

/// Copies them; one that vanishes is not needed.
pub(super) fn copy(from: &Path, to: &Path, copier: &mut Copier) -> io::Result<OtherFiles> {
    let mut files = OtherFiles(BTreeSet::new());
    files.copy_folder(from, to, Path::new(""), copier)?;
    Ok(files)
}

impl OtherFiles {
    fn copy_folder(&mut self, from: &Path, to: &Path, folder: &Path, copier: &mut Copier) -> io::Result<()> {
        for name in names(&from.join(folder))? {
            let path = folder.join(&name);
            let Ok(found) = fs::symlink_metadata(from.join(&path)) else { continue };
            if is_left_out(folder, &name) {
                continue;
            }
            if found.is_dir() {
                fs::create_dir_all(to.join(&path))?;
                self.copy_folder(from, to, &path, copier)?;
            } else if found.is_file() && found.len() <= MAX_COMPARED {
                let Ok(content) = fs::read(from.join(&path)) else { continue };
                copier.write(&content, &to.join(&path))?;
                fs::set_permissions(to.join(&path), found.permissions())?;
            } else {
                copier.copy(&from.join(&path), &to.join(&path), Same::Timed, Way::Copy)?;
            }
            self.0.insert(path);
        }
        Ok(())
    }

    /// Removes from the copy what is not in the repository any more.
    pub(super) fn remove_others(&self, to: &Path) -> io::Result<()> {
        self.remove_others_in(to, Path::new(""))
    }

    fn remove_others_in(&self, to: &Path, folder: &Path) -> io::Result<()> {
        for name in names(&to.join(folder))? {
            let path = folder.join(&name);
            if is_left_out(folder, &name) {
                continue;
            }
            if !self.0.contains(&path) {
                remove(&to.join(&path))?;
            } else if to.join(&path).is_dir() {
                self.remove_others_in(to, &path)?;
            }
        }
        Ok(())
    }
}

fn is_left_out(folder: &Path, name: &OsStr) -> bool {
    let is_at_top = folder.as_os_str().is_empty();
    is_at_top && LEFT_OUT.iter().any(|left_out| name == *left_out)
        || name.as_encoded_bytes().ends_with(b".lock")
}
