use std::path::{Path, PathBuf, absolute};

use anyhow::Context;
use tempfile::TempDir;

/// The data folder of the demo's server.
pub(super) enum DemoFolder {
    /// Removed at the end.
    Temporary(TempDir),
    /// Given on the command line; kept.
    Given(PathBuf),
}

impl DemoFolder {
    /// The given folder, or a new temporary one.
    pub(super) fn new(given: Option<PathBuf>) -> anyhow::Result<Self> {
        match given {
            Some(path) => {
                Ok(Self::Given(absolute(&path).with_context(|| format!("finding {}", path.display()))?))
            }
            None => {
                let made = tempfile::Builder::new().prefix("longhaul-demo-").tempdir();
                Ok(Self::Temporary(made.context("creating a temporary folder")?))
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Given(path) => path,
        }
    }

    /// The path of a repository.
    pub(super) fn repository(&self, name: &str) -> PathBuf {
        self.path().join("repos").join(format!("{name}.git"))
    }

    /// Removes the folder if it is temporary.
    pub(super) fn remove(self) -> anyhow::Result<()> {
        match self {
            Self::Temporary(folder) => folder.close().context("removing the temporary folder"),
            Self::Given(_) => Ok(()),
        }
    }
}
