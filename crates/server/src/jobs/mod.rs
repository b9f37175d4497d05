//! Jobs that the server gives itself, to have a repository for itself. Clients do not see them.

mod delete_repository;
mod rename_repository;

pub(crate) use delete_repository::DeleteRepository;
pub(crate) use rename_repository::RenameRepository;
use tasks::Job;

/// Whether a task of this kind is the server's own.
pub(crate) fn is_internal(kind: &str) -> bool {
    [DeleteRepository::KIND, RenameRepository::KIND].contains(&kind)
}
