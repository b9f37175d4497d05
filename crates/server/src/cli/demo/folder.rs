use std::path::{Path, PathBuf, absolute};

use anyhow::Context;
use tempfile::TempDir;

/// Where the demo's server keeps its data.
pub(super) enum Folder {
    /// Removed at the end.
    Scratch(TempDir),
    /// Kept.
    Given(PathBuf),
}

impl Folder {
    /// The folder that was asked for, or one of the demo's own.
    pub(super) fn new(given: Option<PathBuf>) -> anyhow::Result<Self> {
        match given {
            Some(path) => {
                Ok(Self::Given(absolute(&path).with_context(|| format!("finding {}", path.display()))?))
            }
            None => {
                let made = tempfile::Builder::new().prefix("longhaul-demo-").tempdir();
                Ok(Self::Scratch(made.context("making a scratch folder")?))
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Scratch(folder) => folder.path(),
            Self::Given(path) => path,
        }
    }

    /// Where a repository lies.
    pub(super) fn repository(&self, name: &str) -> PathBuf {
        self.path().join("repos").join(format!("{name}.git"))
    }

    /// Removes it, if it is the demo's own.
    pub(super) fn remove(self) -> anyhow::Result<()> {
        match self {
            Self::Scratch(folder) => folder.close().context("removing the scratch folder"),
            Self::Given(_) => Ok(()),
        }
    }
}
