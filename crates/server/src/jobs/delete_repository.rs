use anyhow::Context as _;
use longhaul_commands::{Environment, repository_lane};
use longhaul_repository::RepositoriesError;
use longhaul_tasks::{Context, Failure, Job, Lane, PublishError, Report};
use serde::{Deserialize, Serialize};

/// Deletes a repository when no other task uses it.
#[derive(Serialize, Deserialize)]
pub(crate) struct DeleteRepository {
    /// Its id.
    pub(crate) repository: String,
}

impl Job for DeleteRepository {
    const KIND: &'static str = "delete-repository";
    type Env = Environment;

    fn description(&self) -> String {
        "Deleting a repository.".into()
    }

    fn lanes(&self) -> Vec<Lane> {
        vec![repository_lane(&self.repository)]
    }

    fn run(self, env: &Environment, ctx: &Context) -> Result<Report, Failure> {
        let _exclusive = env.repository_locks.lock_exclusive(ctx, &self.repository)?;
        let found = env.repositories.by_id(&self.repository)?.context("the repository is gone already")?;
        let _sealed = ctx.seal(&self.repository, &Report::new())?;
        env.repositories.delete(found.name())?;
        Ok(Report::new())
    }

    fn publish(&self, env: &Environment, _intent: serde_json::Value) -> Result<(), PublishError> {
        let Some(found) = env.repositories.by_id(&self.repository)? else { return Ok(()) };
        match env.repositories.delete(found.name()) {
            Ok(()) | Err(RepositoriesError::NotFound(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
