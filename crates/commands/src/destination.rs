//! The commit that a command makes: where it goes, and who is said to have made it.

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use longhaul_repository::{Commit, CommitDetails, Identity, Repository, Stage};
use longhaul_tasks::{Context, Failure, PublishError, Report};
use serde::{Deserialize, Serialize};

use crate::{Environment, public_error::public_error};

/// Where a commit goes, what it says, and who is said to have made it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Destination {
    /// The id of the repository, which stays when it is renamed.
    pub repository: String,
    /// The local branch to commit to; the one HEAD stands on if none is named.
    pub branch: Option<String>,
    /// The commit's message; the command's own words if there is none.
    pub message: Option<String>,
    /// Who made the change; whom the repository's configuration names if nobody is.
    pub author: Option<Author>,
}

/// Who made a change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Author {
    /// The name.
    pub name: String,
    /// The address, if it is known.
    pub email: Option<String>,
}

/// What a command is about to publish, as the task's journal keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct Intent {
    repository: String,
    branch: String,
    old: Option<String>,
    new: String,
}

impl Destination {
    /// The repository, unless it was deleted.
    pub(crate) fn open(&self, env: &Environment) -> anyhow::Result<Repository> {
        let found = env.repositories.by_id(&self.repository).map_err(public_error);
        let found = found.context("could not look for the repository")?;
        found.ok_or_else(|| anyhow!("the repository was deleted"))
    }

    /// What will be the commit.
    pub(crate) fn stage(&self, repository: &Repository) -> anyhow::Result<Stage> {
        Stage::open(repository, &self.branch(repository)?).map_err(public_error)
    }

    /// Who is to be the author.
    pub(crate) fn author(&self, repository: &Repository) -> anyhow::Result<Identity> {
        let Some(author) = &self.author else {
            return Ok(repository.identity());
        };
        let email = author.email.as_deref().unwrap_or_default();
        Identity::clean(&author.name, email)
            .ok_or_else(|| anyhow!("'{}' is no name for an author", author.name.escape_debug()))
    }

    /// Commits what is staged, on top of what others have committed since: seals the task with what `report` says of the
    /// commit, and moves the branch.
    pub(crate) fn commit(
        &self,
        ctx: &Context,
        env: &Environment,
        mut stage: Stage,
        details: CommitDetails,
        report: impl FnOnce(&Commit) -> Report,
    ) -> Result<Report, Failure> {
        let _commit_guard = env.repository_locks.lock_for_commit(ctx, &self.repository)?;
        stage.catch_up().map_err(public_error)?;
        let staged = stage.commit(&details).map_err(public_error)?;
        let report = report(staged.commit());
        let intent = Intent {
            repository: self.repository.clone(),
            branch: staged.branch().to_owned(),
            old: staged.previous_tip().map(|id| id.to_string()),
            new: staged.commit().id.to_string(),
        };
        let _sealed = ctx.seal(&intent, &report)?;
        staged.publish().map_err(public_error)?;
        Ok(report)
    }

    /// The details of a commit that is made now of what is in `source`.
    pub(crate) fn details(&self, repository: &Repository, author: Identity, source: &str) -> CommitDetails {
        CommitDetails {
            author,
            committer: repository.identity(),
            message: self.message.clone(),
            source: source.to_owned(),
            time: Timestamp::now(),
        }
    }

    /// Whether the branch holds the commit that was sealed.
    pub(crate) fn publish(&self, env: &Environment, intent: serde_json::Value) -> Result<(), PublishError> {
        match self.is_published(env, intent)? {
            true => Ok(()),
            false => Err(PublishError::impossible(anyhow!("the commit was not published"))),
        }
    }

    fn is_published(&self, env: &Environment, intent: serde_json::Value) -> anyhow::Result<bool> {
        let intent: Intent = serde_json::from_value(intent).context("could not read what was sealed")?;
        let repository = self.open(env)?;
        let new = intent.new.parse().context("could not read the commit that was sealed")?;
        repository.branch_contains(&intent.branch, new).map_err(public_error)
    }

    /// The branch to commit to.
    pub(crate) fn branch(&self, repository: &Repository) -> anyhow::Result<String> {
        match &self.branch {
            Some(branch) => Ok(branch.clone()),
            None => repository
                .head_branch()
                .map_err(public_error)?
                .ok_or_else(|| anyhow!("the repository's HEAD stands on no branch; name one with root")),
        }
    }
}
