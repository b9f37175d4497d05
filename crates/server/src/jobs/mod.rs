//! Jobs of the server itself that need exclusive use of a repository. Clients do not see their tasks.

mod delete_repository;
mod rename_repository;

pub(crate) use delete_repository::DeleteRepository;
use longhaul_tasks::Job;
pub(crate) use rename_repository::RenameRepository;

/// The kinds of the server's own tasks.
pub(crate) const INTERNAL: [&str; 2] = [DeleteRepository::KIND, RenameRepository::KIND];
