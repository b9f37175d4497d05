//! What all commands use.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use longhaul_layer_index::IndexCache;
use longhaul_repository::Repositories;
use longhaul_tasks::Lane;

use crate::{
    commit_listener::CommitListener, import_roots::ImportRoots, input_names::InputNames, overpass::Overpass,
    repository_locks::RepositoryLocks,
};

/// What all commands use: the environment of their jobs.
#[derive(Debug)]
pub struct Environment {
    /// The repositories, by name and by id.
    pub repositories: Repositories,
    /// The number of threads with which one command reads and encodes features. At least 1.
    pub threads: usize,
    /// The folder to which the stored paths of uploads are relative.
    pub data: PathBuf,
    /// The folder of temporary files. They are unnamed, so they disappear with the command.
    pub scratch: PathBuf,
    /// How many bytes of memory the positions of nodes may take in each import of OpenStreetMap data, before they go to a
    /// temporary file.
    pub osm_node_memory: u64,
    /// The folders of this machine from which files may be imported.
    pub import_roots: ImportRoots,
    /// The Overpass server for downloads.
    pub overpass: Overpass,
    /// The locks of the repositories.
    pub repository_locks: RepositoryLocks,
    /// Is told of each commit.
    pub commit_listener: CommitListener,
    /// The names of the files that tasks read.
    pub input_names: InputNames,
    /// The indexes of layers that were made, where there is a cache of them.
    pub layer_indexes: Option<Arc<IndexCache>>,
}

impl Environment {
    /// Where an uploaded file is.
    ///
    /// Version 0.1.0 stored absolute paths, `DATA/uploads/NAME`, which are wrong once the data folder was moved.
    pub(crate) fn upload(&self, stored: &Path) -> PathBuf {
        if stored.is_relative() || stored.exists() {
            return self.data.join(stored);
        }
        let names: Vec<_> = stored.iter().rev().take(2).collect();
        self.data.join(names.into_iter().rev().collect::<PathBuf>())
    }
}

/// The lane of tasks that change the repository with this id. Tasks of one lane do not run at the same time.
pub fn repository_lane(id: &str) -> Lane {
    Lane::new(format!("repository {id}"))
}
