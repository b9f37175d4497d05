use crate::{DatasetError, Interrupted};

/// Why two commits could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// A layer could not be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A name is not that of a commit.
    #[error(transparent)]
    Read(#[from] crate::ReadError),
    /// The caller interrupted the comparison.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// There are more differences than a comparison keeps in memory.
    #[error("the commits differ in more than {0} layers, folders and files")]
    TooMany(usize),
}

impl From<gix::Error> for DiffError {
    fn from(error: gix::Error) -> Self {
        Self::Dataset(error.into())
    }
}
