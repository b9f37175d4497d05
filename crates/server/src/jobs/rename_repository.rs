use anyhow::Context as _;
use longhaul_commands::{Environment, repository_lane};
use longhaul_repository::{RepositoriesError, RepositoryName};
use longhaul_tasks::{Context, Failure, Job, Lane, PublishError, Report};
use serde::{Deserialize, Serialize};

/// Renames a repository when no other task uses it.
#[derive(Serialize, Deserialize)]
pub(crate) struct RenameRepository {
    /// Its id.
    pub(crate) repository: String,
    /// Its new name.
    pub(crate) name: String,
}

impl Job for RenameRepository {
    const KIND: &'static str = "rename-repository";
    type Env = Environment;

    fn description(&self) -> String {
        "Renaming a repository.".into()
    }

    fn lanes(&self) -> Vec<Lane> {
        vec![repository_lane(&self.repository)]
    }

    fn run(self, env: &Environment, ctx: &Context) -> Result<Report, Failure> {
        let _exclusive = env.repository_locks.lock_exclusive(ctx, &self.repository)?;
        let to: RepositoryName = self.name.parse()?;
        let found = env.repositories.by_id(&self.repository)?.context("the repository is gone")?;
        let _sealed = ctx.seal(&self.name, &Report::new())?;
        env.repositories.rename(found.name(), &to)?;
        Ok(Report::new())
    }

    fn publish(&self, env: &Environment, _intent: serde_json::Value) -> Result<(), PublishError> {
        let found = env.repositories.by_id(&self.repository)?;
        let found =
            found.ok_or_else(|| PublishError::impossible(anyhow::anyhow!("the repository is gone")))?;
        if found.name().as_str() == self.name {
            return Ok(());
        }
        let to: RepositoryName = self.name.parse().map_err(PublishError::impossible)?;
        env.repositories.rename(found.name(), &to).map_err(|error| match error {
            RepositoriesError::Io { .. } | RepositoriesError::Git { .. } => PublishError::Retry(error.into()),
            // Somebody else has the name by now, or the repository is gone.
            _ => PublishError::impossible(error),
        })
    }
}
