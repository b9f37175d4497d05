use std::{fmt, sync::Arc};

use longhaul_repository::{LayerChanges, ObjectId};

type Listen = dyn Fn(MadeCommit) + Send + Sync;

/// Is told of each commit that a command has made, when its branch has moved. By default nobody is.
#[derive(Clone, Default)]
pub struct CommitListener(Option<Arc<Listen>>);

/// A commit that a command has made.
#[derive(Clone, Debug)]
pub struct MadeCommit {
    /// The permanent id of the repository.
    pub repository: String,
    /// The commit.
    pub commit: ObjectId,
    /// What it changes in each of its layers.
    pub layers: Vec<LayerChanges>,
}

impl CommitListener {
    /// Calls `listen`, which must not block, on the thread of the command.
    pub fn new(listen: impl Fn(MadeCommit) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listen)))
    }

    pub(crate) fn tell(&self, made: MadeCommit) {
        if let Some(listen) = &self.0 {
            listen(made);
        }
    }
}

impl fmt::Debug for CommitListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommitListener")
    }
}
