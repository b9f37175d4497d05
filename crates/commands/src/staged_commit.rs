//! A commit that a command prepares: what imports and downloads have in common.

use longhaul_repository::{Commit, CommitDetails, Identity, Repository, Stage};
use longhaul_tasks::{CancelGuard, Context, Failure, Report};

use crate::{Destination, Environment};

/// A commit that is being prepared. Nothing of it is visible before [`Self::commit`], and dropping it leaves nothing.
pub(crate) struct StagedCommit<'a> {
    ctx: &'a Context,
    env: &'a Environment,
    destination: &'a Destination,
    repository: Repository,
    author: Identity,
    /// Takes the layers.
    pub(crate) stage: Stage,
    /// Interrupts the stage when the task is cancelled.
    _cancel: CancelGuard<'a>,
}

impl<'a> StagedCommit<'a> {
    /// Opens the repository, checks the author and opens the stage.
    pub(crate) fn begin(
        ctx: &'a Context,
        env: &'a Environment,
        destination: &'a Destination,
    ) -> anyhow::Result<Self> {
        let repository = destination.open(env)?;
        let author = destination.author(&repository)?;
        let stage = destination.stage(&repository)?;
        // Checked again when it commits; here, before hours of work.
        destination.require_head(&stage)?;
        let interrupter = stage.interrupter();
        let _cancel = ctx.on_cancel(move || interrupter.interrupt());
        Ok(Self { ctx, env, destination, repository, author, stage, _cancel })
    }

    /// The repository to commit to.
    pub(crate) fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Makes the commit of data that comes from `source`. `message` maps the requested message to the one that is used. The
    /// task is sealed with `report`, then the branch is moved.
    pub(crate) fn commit(
        self,
        source: &str,
        message: impl FnOnce(Option<String>) -> Option<String>,
        report: impl FnOnce(&Commit) -> Report,
    ) -> Result<Report, Failure> {
        let details = self.destination.details(&self.repository, self.author, source);
        let message = message(details.message);
        let details = CommitDetails { message, ..details };
        self.destination.commit(self.ctx, self.env, self.stage, details, report)
    }
}
