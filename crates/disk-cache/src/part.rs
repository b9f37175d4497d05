use std::{
    fs,
    path::{Path, PathBuf},
};

use uuid::Uuid;

/// What the names of incomplete files begin with.
const PREFIX: char = '.';

/// The place of a file that is being made. Dropping it removes the file.
#[derive(Debug)]
pub struct Part(PathBuf);

impl Part {
    pub(crate) fn inside(folder: &Path) -> Self {
        Self(folder.join(format!("{PREFIX}{}", Uuid::new_v4())))
    }

    /// Whether a file of this name is incomplete. Also other files beside a part begin like it, for example journals.
    pub(crate) fn is_name_of_part(name: &str) -> bool {
        name.starts_with(PREFIX)
    }

    /// Where the file is to be created.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It is not there any more once it was kept.
        let _ = fs::remove_file(&self.0);
    }
}
