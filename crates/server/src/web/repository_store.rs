use longhaul_repository::{Repositories, Repository, RepositoryName};
use longhaul_tasks_web::ApiError;

use super::{
    BlockingPool,
    error_response::{self, ErrorResponse},
};
use crate::access::Caller;

/// The repositories, and the threads on which they are read.
#[derive(Clone)]
pub(crate) struct RepositoryStore {
    pub(crate) repositories: Repositories,
    pub(crate) pool: BlockingPool,
}

impl RepositoryStore {
    /// The repository.
    ///
    /// # Errors
    /// 404 if there is none, or if it is hidden from the caller.
    pub(super) async fn get(
        &self,
        caller: &Caller,
        name: RepositoryName,
    ) -> Result<Repository, ErrorResponse> {
        let found = self.find(caller, name).await?;
        found.ok_or_else(|| ApiError::not_found("Repository not found.").into())
    }

    /// The repository, if there is one and it is not hidden from the caller.
    pub(super) async fn find(
        &self,
        caller: &Caller,
        name: RepositoryName,
    ) -> Result<Option<Repository>, ErrorResponse> {
        // Not looked up, so that neither the time nor an error tells whether there is one.
        if !caller.may_read(&name) {
            return Ok(None);
        }
        self.find_for_anybody(name).await
    }

    /// The repository, if there is one.
    pub(super) async fn find_for_anybody(
        &self,
        name: RepositoryName,
    ) -> Result<Option<Repository>, ErrorResponse> {
        let repositories = self.repositories.clone();
        let found = self.pool.run(move || repositories.get(&name)).await?;
        Ok(found.map_err(error_response::of_repositories)?)
    }
}
