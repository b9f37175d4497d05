//! What the server lends every command.

use repository::Repositories;
use tasks::Lane;

/// What the server lends every command.
#[derive(Debug)]
pub struct Environment {
    /// The repositories, by name and by id.
    pub repositories: Repositories,
    /// How many threads one command may read and encode rows with, at least one.
    pub threads: usize,
}

/// The lane of all that changes one repository, given by its id: such tasks never run together.
pub fn repository_lane(id: &str) -> Lane {
    Lane::new(format!("repository {id}"))
}
