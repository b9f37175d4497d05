//! The hooks that Git runs instead of those in repositories.

use std::{fs, io, os::unix::fs::symlink, path::Path};

/// The hook that checks a push; this program under that name.
pub(crate) const PRE_RECEIVE: &str = "pre-receive";

/// Makes the folder anew, with a link to `program` as its only content.
pub(crate) fn install(folder: &Path, program: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        removed => removed?,
    }
    fs::create_dir(folder)?;
    symlink(program, folder.join(PRE_RECEIVE))
}
