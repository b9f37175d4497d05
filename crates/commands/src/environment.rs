//! What the server lends every command.

use std::path::PathBuf;

use longhaul_repository::Repositories;
use longhaul_tasks::Lane;

use crate::{ImportRoots, Overpass, RepositoryLocks};

/// What the server lends every command.
#[derive(Debug)]
pub struct Environment {
    /// The repositories, by name and by id.
    pub repositories: Repositories,
    /// How many threads one command may read and encode rows with, at least one.
    pub threads: usize,
    /// Where commands put what does not fit into memory: files without a name, which go with the command.
    pub scratch: PathBuf,
    /// How many bytes of memory the places of nodes may take before they go to a file, for each import of OpenStreetMap data.
    pub osm_node_memory: u64,
    /// Where files of this machine may be imported from.
    pub import_roots: ImportRoots,
    /// The server that downloads of OpenStreetMap data come from.
    pub overpass: Overpass,
    /// Who may do what with a repository while others are at it.
    pub repository_locks: RepositoryLocks,
}

/// The lane of all that changes one repository, given by its id: such tasks never run together.
pub fn repository_lane(id: &str) -> Lane {
    Lane::new(format!("repository {id}"))
}
