//! The commit that a command makes: where it goes, and who is said to have made it.

use anyhow::{Context as _, anyhow, bail};
use jiff::Timestamp;
use longhaul_repository::{Commit, CommitDetails, Identity, Publication, Repository, Stage, StageError};
use longhaul_tasks::{Context, Failure, PublishError, Report};
use serde::{Deserialize, Serialize};

use crate::{
    CommitRules, Environment, MadeCommit,
    change_warnings::{warnings, with_warnings},
    dry_run::{dry_run_report, head_text, without_commit},
    layer_report::with_layers,
    public_error::public_error,
};

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
    /// What is demanded of the commit.
    #[serde(default, skip_serializing_if = "CommitRules::is_default")]
    pub rules: CommitRules,
}

/// Who made a change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Author {
    /// The name.
    pub name: String,
    /// The address, if it is known.
    pub email: Option<String>,
}

/// What a command is about to publish, as it is stored with the sealed task.
#[derive(Debug, Serialize, Deserialize)]
struct Intent {
    /// The id of the repository.
    repository: String,
    branch: String,
    old: Option<String>,
    new: String,
    /// Intents of version 0.1.0 lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pack: Option<String>,
}

/// What an import or a download was about to publish when it was sealed with this intent; `None` for the intents of other jobs.
pub fn sealed_publication(intent: &str) -> Option<Publication> {
    serde_json::from_str::<Intent>(intent).ok()?.publication().ok()
}

impl Intent {
    fn new(repository: &str, publication: &Publication) -> Self {
        Self {
            repository: repository.to_owned(),
            branch: publication.branch.clone(),
            old: publication.old.map(|id| id.to_string()),
            new: publication.new.to_string(),
            pack: publication.pack.clone(),
        }
    }

    fn publication(self) -> anyhow::Result<Publication> {
        let unreadable = "could not read the commit that was sealed";
        Ok(Publication {
            branch: self.branch,
            old: self.old.map(|id| id.parse()).transpose().context(unreadable)?,
            new: self.new.parse().context(unreadable)?,
            pack: self.pack,
        })
    }
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

    /// Fails if the branch does not stand at the commit that the request names.
    pub(crate) fn require_head(&self, stage: &Stage) -> anyhow::Result<()> {
        let Some(wanted) = &self.rules.if_head else { return Ok(()) };
        let head = head_text(stage.head());
        match head.eq_ignore_ascii_case(wanted) {
            true => Ok(()),
            false => bail!(
                "the branch stands at {head}, and not at {wanted} as ifHead demands, so nothing was committed"
            ),
        }
    }

    /// Commits what is staged, on top of what others have committed since.
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
        self.commit_stage(ctx, env, stage, details, report)
    }

    /// Commits what is staged, if the guards allow it: locks the branch, seals the task with what `report` says of the commit and
    /// with what it changes in each layer, and moves the branch. A dry run ends before the lock.
    pub(crate) fn commit_stage(
        &self,
        ctx: &Context,
        env: &Environment,
        stage: Stage,
        details: CommitDetails,
        report: impl FnOnce(&Commit) -> Report,
    ) -> Result<Report, Failure> {
        self.require_head(&stage)?;
        let (repository, head) = (stage.repository().clone(), stage.head());
        let staged = match stage.commit(&details) {
            Err(StageError::NothingToCommit(parent)) if self.rules.finish_unchanged => {
                let parent = repository.commit(parent).map_err(public_error)?;
                return Ok(without_commit(report(&parent)).boolean("unchanged", true));
            }
            staged => staged.map_err(public_error)?,
        };
        let changes = staged.changes().to_vec();
        let with_changes = |report| with_layers(with_warnings(report, warnings(&changes)), &changes);
        self.rules
            .guards
            .check(&repository, &changes)
            .map_err(|error| Failure::new(error).with_report(with_changes(Report::new())))?;
        self.require_tree(staged.commit())?;
        if self.rules.dry_run {
            let report = report(staged.commit());
            return Ok(with_changes(dry_run_report(report, staged.commit(), head)));
        }
        let locked = staged.lock().map_err(public_error)?;
        let report = with_changes(report(locked.commit()));
        let _sealed = ctx.seal(&Intent::new(&self.repository, locked.publication()), &report)?;
        let layers = locked.changes().to_vec();
        let commit = locked.publish().map_err(public_error)?;
        env.commit_listener.tell(MadeCommit {
            repository: self.repository.clone(),
            commit: commit.id,
            layers,
        });
        Ok(report)
    }

    /// Fails if the commit is not the one that the dry run has shown.
    fn require_tree(&self, commit: &Commit) -> anyhow::Result<()> {
        let tree = commit.tree.to_string();
        if self.rules.expected_tree.as_ref().is_some_and(|expected| *expected != tree) {
            bail!(
                "the import makes something else of the file than the dry run did, so nothing was committed: repeat its \
                 parameters, or repeat the dry run"
            );
        }
        Ok(())
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

    /// Completes the publication that was sealed with `intent`, wherever it was interrupted.
    pub(crate) fn publish(&self, env: &Environment, intent: serde_json::Value) -> Result<(), PublishError> {
        let intent: Intent = serde_json::from_value(intent).map_err(|error| {
            PublishError::impossible(anyhow!(error).context("could not read what was sealed"))
        })?;
        let found = env.repositories.by_id(&intent.repository).map_err(public_error)?;
        let repository =
            found.ok_or_else(|| PublishError::impossible(anyhow!("the repository was deleted")))?;
        let publication = intent.publication().map_err(PublishError::Impossible)?;
        repository.publish(&publication).map_err(|error| match error.is_permanent() {
            true => PublishError::Impossible(public_error(error)),
            false => PublishError::Retry(public_error(error)),
        })
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    const OLD: &str = "1582725544d9e122251acd4b3fc75b5c88ac3a17";
    const NEW: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    #[test]
    fn an_intent_is_stored_with_all_that_publishing_needs() {
        let publication = Publication {
            branch: "main".into(),
            old: Some(OLD.parse().unwrap()),
            new: NEW.parse().unwrap(),
            pack: Some("pack-1234".into()),
        };
        let intent = serde_json::to_value(Intent::new("an-id", &publication)).unwrap();
        let stored =
            json!({"repository": "an-id", "branch": "main", "old": OLD, "new": NEW, "pack": "pack-1234"});
        assert_eq!(intent, stored);
        let read: Intent = serde_json::from_value(stored).unwrap();
        assert_eq!(read.publication().unwrap(), publication);
    }

    #[test]
    fn an_intent_of_version_0_1_0_names_no_pack() {
        let stored = json!({"repository": "an-id", "branch": "main", "old": null, "new": NEW});
        let read: Intent = serde_json::from_value(stored).unwrap();
        let expected =
            Publication { branch: "main".into(), old: None, new: NEW.parse().unwrap(), pack: None };
        assert_eq!(read.publication().unwrap(), expected);
    }
}
