use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::bail;

/// Checks that no edits of a GeoPackage lie in a file beside it, where SQLite keeps them while a program has it open.
///
/// # Errors
/// If there are any: they would be missing from an upload.
pub(super) fn require_none(file: &Path) -> anyhow::Result<()> {
    let wal = beside(file, "-wal");
    if has_content(&wal) {
        bail!(
            "{} holds edits that are not in the GeoPackage yet: close the programs that have it open, and try again, or upload it \
             without them with --ignore-wal",
            wal.display()
        );
    }
    let journal = beside(file, "-journal");
    if has_content(&journal) {
        bail!(
            "{} shows that a program is writing to the GeoPackage, or was interrupted: let it finish, or open the file once \
             with SQLite, and try again, or upload it as it is with --ignore-wal",
            journal.display()
        );
    }
    Ok(())
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// A journal that is not needed any more is empty, or begins with zeros.
fn has_content(path: &Path) -> bool {
    let mut start = [0];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start != [0]
}
