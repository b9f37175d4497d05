//! The file in every commit that names the version of Kart's layout.

use super::{
    stored::{DatasetError, find, read, read_tree},
    tree::EntryMode,
};
use crate::object::Id;

/// Its name, in the root tree.
pub(crate) const VERSION_FILE: &str = ".kart.repostructure.version";
/// The version that is written and read, and the file's content with a line end.
pub(crate) const VERSION: &str = "3";
/// The name that the file had in version 2.
const VERSION_2_FILE: &str = ".sno.repository.version";

/// The version of the layout of a root tree; `None` if the tree does not name one.
pub(crate) fn layout_version(git: &gix::Repository, root: Id) -> Result<Option<String>, DatasetError> {
    let entries = read_tree(git, root)?;
    if let Some(id) = find(&entries, VERSION_FILE, EntryMode::Blob) {
        return Ok(Some(String::from_utf8_lossy(&read(git, id)?).trim().to_owned()));
    }
    Ok(find(&entries, VERSION_2_FILE, EntryMode::Blob).map(|_| "2".to_owned()))
}
