//! Checks the commits of a push before its refs move, so that every commit of a repository stays readable.
//!
//! Only commits that the repository does not have yet are read, and of each only the trees that differ from its first parent.

mod check_commit;
mod check_features;
mod check_layer;
mod fault;
mod incoming;

pub use incoming::IncomingPush;

use std::collections::HashSet;

use gix::ObjectId;

use self::{check_commit::CommitCheck, fault::Fault};
use crate::check_branch;

/// The most new commits of one push.
const MOST_COMMITS: usize = 500_000;

/// A ref that a push makes, moves or deletes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefUpdate {
    /// Its full name, `refs/heads/master`.
    pub name: String,
    /// The object that it is to name; `None` if it is deleted.
    pub new: Option<ObjectId>,
}

/// Why a push is refused.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// A branch cannot have this name.
    #[error("'{}' is not a name for a branch", .0.escape_debug())]
    BranchName(String),
    /// The push has too many commits.
    #[error("the push has more than {MOST_COMMITS} new commits; push an older commit first")]
    TooManyCommits,
    /// Kart could not read one of its commits.
    #[error("commit {}: {fault}", .commit.to_hex_with_len(10))]
    Unreadable {
        /// Which one.
        commit: ObjectId,
        /// Why not.
        fault: String,
    },
    /// The objects could not be read.
    #[error("could not read the objects of the push")]
    Git(#[source] gix::Error),
}

impl From<gix::Error> for PushError {
    fn from(error: gix::Error) -> Self {
        Self::Git(error)
    }
}

impl RefUpdate {
    /// Parses a line that Git gives to its hook `pre-receive`: `OLD NEW NAME`, where zeros stand for no object. `None` if it is
    /// something else.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.splitn(3, ' ').skip(1);
        let new = ObjectId::from_hex(words.next()?.as_bytes()).ok()?;
        let name = words.next()?.to_owned();
        Some(Self { name, new: (!new.is_null()).then_some(new) })
    }
}

impl IncomingPush {
    /// Checks what the refs are to name.
    ///
    /// # Errors
    /// If a commit that is new to the repository has layers that could not be read, if a new branch has a name that cannot be
    /// used, or if the objects cannot be read.
    pub fn check(&self, updates: &[RefUpdate]) -> Result<(), PushError> {
        let mut tips = Vec::new();
        for update in updates {
            let Some(new) = update.new else { continue };
            if let Some(branch) = update.name.strip_prefix("refs/heads/") {
                check_branch(branch).map_err(|_| PushError::BranchName(branch.to_owned()))?;
            }
            // A tag may name anything.
            let peeled = self.git.find_object(new)?.peel_tags_to_end()?;
            if peeled.kind == gix::object::Kind::Commit {
                tips.push(peeled.id);
            }
        }
        let mut check = CommitCheck::new(&self.git);
        for commit in self.new_commits(tips)? {
            check.check(commit).map_err(|fault| match fault {
                Fault::Refused(fault) => PushError::Unreadable { commit, fault },
                Fault::Git(source) => PushError::Git(source),
            })?;
        }
        Ok(())
    }

    /// The commits that can be reached from `tips` and that the repository does not have.
    fn new_commits(&self, tips: Vec<ObjectId>) -> Result<HashSet<ObjectId>, PushError> {
        let mut new = HashSet::new();
        let mut waiting = tips;
        while let Some(id) = waiting.pop() {
            if new.contains(&id) || self.known.has_object(id) {
                continue;
            }
            if new.len() == MOST_COMMITS {
                return Err(PushError::TooManyCommits);
            }
            new.insert(id);
            waiting.extend(self.git.find_commit(id)?.parent_ids().map(|parent| parent.detach()));
        }
        Ok(new)
    }
}
