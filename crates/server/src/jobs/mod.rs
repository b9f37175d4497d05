//! Jobs that the server gives itself, to have a repository for itself. Clients do not see them.

mod delete_repository;
mod rename_repository;

pub(crate) use delete_repository::DeleteRepository;
use longhaul_tasks::Job;
pub(crate) use rename_repository::RenameRepository;

/// The kinds of tasks that are the server's own.
pub(crate) const INTERNAL: [&str; 2] = [DeleteRepository::KIND, RenameRepository::KIND];
