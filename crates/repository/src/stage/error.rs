//! Why a commit could not be staged or published.

use crate::{BadPath, DatasetError, DatasetPath, PackError, ReadError};

/// Why a commit could not be staged or published. Nothing of it is visible, except after [`Self::Update`].
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The repository cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An object cannot be read.
    #[error("could not read an object of the repository")]
    Git(#[source] gix::Error),
    /// The new objects cannot be written.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The work was interrupted.
    #[error(transparent)]
    Interrupted(#[from] crate::Interrupted),
    /// The layer in the repository cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Commits could not be compared.
    #[error(transparent)]
    Diff(#[from] crate::DiffError),
    /// A new branch cannot have this name.
    #[error("there can be no branch {branch} beside the branch {other}")]
    Branch {
        /// The new one.
        branch: String,
        /// The one that is there.
        other: String,
    },
    /// A layer cannot have this path.
    #[error(transparent)]
    Path(#[from] BadPath),
    /// Two layers of one commit have the same path.
    #[error("two layers would both be kept as '{0}'")]
    Twice(DatasetPath),
    /// The repository has a version of Kart's layout that is not supported.
    #[error(
        "the repository has version {0} of Kart's layout, and only version 3 can be written; upgrade it with 'kart upgrade'"
    )]
    Version(String),
    /// The path conflicts with something else in the repository.
    #[error("a layer cannot be kept as '{path}': {reason}")]
    Occupied {
        /// Where the layer was to be kept.
        path: DatasetPath,
        /// What is there.
        reason: String,
    },
    /// The layer has columns that cannot be added to those that are there.
    #[error(
        "features cannot be added to layer '{path}': {reason}; import it without add to replace the layer"
    )]
    Incompatible {
        /// Which layer.
        path: DatasetPath,
        /// What does not fit.
        reason: String,
    },
    /// More than one column is a primary key.
    #[error("layer '{0}' has a primary key of several columns, which cannot be kept without losing rows")]
    CompositeKey(DatasetPath),
    /// A row has no usable primary key.
    #[error("layer '{path}': primary key {key} {reason}")]
    Key {
        /// Which layer.
        path: DatasetPath,
        /// The key as text, or what is there instead.
        key: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The identity cannot be written to a commit.
    #[error("'{0}' cannot be the name or address of an author")]
    Identity(String),
    /// The branch has the same content already.
    #[error("Nothing to commit after {0}")]
    NothingToCommit(gix::ObjectId),
    /// Somebody else moved the branch.
    #[error("branch {0} was moved by somebody else in the meantime, so nothing was committed; try again")]
    BranchMoved(String),
    /// Somebody else changed a layer that was to be written.
    #[error("layer '{0}' was changed by somebody else in the meantime, so nothing was committed; try again")]
    LayerMoved(DatasetPath),
    /// Another program has the branch locked.
    #[error("could not move branch {0}; another program may have the repository locked")]
    Locked(String),
    /// An I/O error while the branch was locked or moved. It may have moved already.
    #[error("could not move branch {branch}")]
    Update {
        /// Which branch.
        branch: String,
        /// Why.
        source: std::io::Error,
    },
    /// The objects of a publication are neither in the repository nor among its temporary packs.
    #[error("the objects of commit {0} are gone, so it cannot be published")]
    ObjectsGone(gix::ObjectId),
}

impl StageError {
    /// Whether a [publication](crate::Repository::publish) that failed with this error can never be completed.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::BranchMoved(_) | Self::ObjectsGone(_))
    }
}

impl From<gix::Error> for StageError {
    fn from(error: gix::Error) -> Self {
        Self::Git(error)
    }
}

impl From<crate::object::Collision> for StageError {
    fn from(error: crate::object::Collision) -> Self {
        PackError::from(error).into()
    }
}
