//! The job that undoes commits by a new commit.

use anyhow::anyhow;
use longhaul_repository::{CommitDetails, Repository, Stage};
use longhaul_tasks::{Context, Failure, Job, Lane, PublishError, Report, ReportValue};
use serde::{Deserialize, Serialize};

use crate::{Destination, Environment, public_error::public_error, report::commit_report, repository_lane};

/// Undoes one commit, or all since one, by a new commit on top of the branch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RevertCommits {
    /// Where the commit goes.
    pub destination: Destination,
    /// What is undone.
    pub range: RevertRange,
}

/// The commits to undo.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum RevertRange {
    /// This one.
    One(String),
    /// All that the branch has made since this one.
    DownTo(String),
}

impl Job for RevertCommits {
    const KIND: &'static str = "revert";
    type Env = Environment;

    fn description(&self) -> String {
        match &self.range {
            RevertRange::One(commit) => format!("Undoing commit {commit}."),
            RevertRange::DownTo(commit) => format!("Undoing all commits since {commit}."),
        }
    }

    fn lanes(&self) -> Vec<Lane> {
        vec![repository_lane(&self.destination.repository)]
    }

    fn publish(&self, env: &Environment, intent: serde_json::Value) -> Result<(), PublishError> {
        self.destination.publish(env, intent)
    }

    fn run(mut self, env: &Environment, ctx: &Context) -> Result<Report, Failure> {
        let rules = &mut self.destination.rules;
        rules.guards = std::mem::take(&mut rules.guards).without_those_of_repository();
        let repository = self.destination.open(env)?;
        let author = self.destination.author(&repository)?;
        // A revert is short, and it depends on everything that the branch has.
        let _commit_guard = env.repository_locks.lock_for_commit(ctx, &self.destination.repository)?;
        let mut stage = self.destination.stage(&repository)?;
        let interrupter = stage.interrupter();
        let _cancel = ctx.on_cancel(move || interrupter.interrupt());
        ctx.step("Undoing changes...");
        let message = self.stage_revert(&repository, &mut stage)?;
        let details = self.destination.details(&repository, author, "");
        let message = details.message.clone().filter(|given| !given.trim().is_empty()).unwrap_or(message);
        let details = CommitDetails { message: Some(message), ..details };
        ctx.step("Committing...");
        self.destination.commit_stage(ctx, env, stage, details, commit_report)
    }
}

impl RevertCommits {
    /// Stages the revert and returns the default message of its commit.
    fn stage_revert(&self, repository: &Repository, stage: &mut Stage) -> Result<String, Failure> {
        let head = stage.head().ok_or_else(|| anyhow!("the branch has no commits"))?;
        let (RevertRange::One(name) | RevertRange::DownTo(name)) = &self.range;
        let id = repository.commit_named(name).map_err(public_error)?;
        let branch = self.destination.branch(repository)?;
        if !repository.branch_contains(&branch, id).map_err(public_error)? {
            return Err(anyhow!("commit {id} is not in the history of branch {branch}").into());
        }
        let commit = repository.commit(id).map_err(public_error)?;
        let title = commit.message.lines().next().unwrap_or_default().to_owned();
        let (undone, restored, message) = match &self.range {
            RevertRange::One(_) => {
                let message = format!("Revert \"{title}\"\n\nThis undoes commit {id}.\n");
                (id, commit.parents.first().copied(), message)
            }
            RevertRange::DownTo(_) => {
                let message = format!("Revert to \"{title}\"\n\nThis undoes all commits since {id}.\n");
                (head, Some(id), message)
            }
        };
        let conflicts = stage.revert(undone, restored).map_err(public_error)?;
        if conflicts.is_empty() {
            return Ok(message);
        }
        let list = conflicts.iter().map(|conflict| {
            ReportValue::Element(Report::new().text("path", &conflict.path).text("reason", conflict.reason))
        });
        let report = Report::new().list("conflict", list);
        let first: Vec<_> = conflicts
            .iter()
            .take(5)
            .map(|conflict| format!("{} ({})", conflict.path, conflict.reason))
            .collect();
        let more = if conflicts.len() > first.len() { ", …" } else { "" };
        let error = anyhow!(
            "nothing was undone, because of {} {}: {}{more}",
            conflicts.len(),
            if conflicts.len() == 1 { "conflict" } else { "conflicts" },
            first.join(", ")
        );
        Err(Failure::new(error).with_report(report))
    }
}
