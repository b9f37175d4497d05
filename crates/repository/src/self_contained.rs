//! Whether a folder that somebody put among the repositories has all that belongs to it, and nothing that programs wait for.

use std::{
    fs::{self, FileType},
    io,
    path::{Path, PathBuf},
};

/// What Git and this program read whole: one that is no plain file could be a pipe, which nobody ever writes to.
const FILES: [&str; 5] = ["HEAD", "config", "packed-refs", "shallow", "objects/info/alternates"];
const FOLDERS: [&str; 6] = ["objects", "objects/info", "objects/pack", "refs", "refs/heads", "refs/tags"];
/// What makes Git continue in another folder.
const REDIRECTIONS: [&str; 2] = ["commondir", ".git"];
/// How many times alternates may lead to others, as in Git.
const DEEPEST: usize = 5;

/// Why the repository in `folder` is not served; `None` if it can be. Objects may also be in other repositories in `root`.
pub(crate) fn fault(folder: &Path, root: &Path) -> io::Result<Option<&'static str>> {
    if REDIRECTIONS.iter().any(|name| fs::symlink_metadata(folder.join(name)).is_ok()) {
        return Ok(Some("it leads to another folder, by a file commondir or an entry .git"));
    }
    for name in FILES {
        if file_type(&folder.join(name))?.is_some_and(|found| !found.is_file()) {
            return Ok(Some(
                "HEAD, config, packed-refs, shallow or objects/info/alternates is not a plain file",
            ));
        }
    }
    for name in FOLDERS {
        if file_type(&folder.join(name))?.is_some_and(|found| !found.is_dir()) {
            return Ok(Some("a folder of its objects or refs is a link, or not a folder"));
        }
    }
    let objects = folder.join("objects");
    for entry in fs::read_dir(&objects)? {
        if entry?.file_type()?.is_symlink() {
            return Ok(Some("a folder of its objects is a link"));
        }
    }
    let root = fs::canonicalize(root)?;
    match are_alternates_within(&root, &objects, 0)? {
        true => Ok(None),
        false => Ok(Some("it takes objects from outside of the folder of the repositories")),
    }
}

/// The type of what is at `path`, of a link itself; `None` if there is nothing.
fn file_type(path: &Path) -> io::Result<Option<FileType>> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found.file_type())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether all folders from which `objects` takes more objects are in `root`. One that does not exist is in nobody's way.
fn are_alternates_within(root: &Path, objects: &Path, depth: usize) -> io::Result<bool> {
    let file = objects.join("info/alternates");
    match file_type(&file)? {
        None => return Ok(true),
        Some(found) if !found.is_file() || depth > DEEPEST => return Ok(false),
        Some(_) => {}
    }
    let alternates = gix::odb::alternate::parse(&fs::read(&file)?).map_err(io::Error::other)?;
    for alternate in alternates {
        let Ok(alternate): io::Result<PathBuf> = fs::canonicalize(objects.join(alternate)) else { continue };
        if !alternate.starts_with(root) || !are_alternates_within(root, &alternate, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}
