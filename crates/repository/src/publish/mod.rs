//! Makes a prepared commit visible, in steps that can be repeated.
//!
//! ```text
//! StagedCommit ──lock()──▶ LockedCommit ──publish()──▶ the branch has moved
//!                              │ publication(), stored by the caller before it calls publish()
//!                              ▼
//!                         Publication ──Repository::publish()──▶ the same, from wherever it was interrupted
//! ```
//!
//! Before the commit point, on the disk: the pack under a temporary name, and the branch's ref lock, which contains the commit's
//! id. Both are removed when the [`LockedCommit`] is dropped. After it:
//!
//! 1. the pack and its index get the names under which Git finds them, guarded by a `.keep` file,
//! 2. the reflog gets its line,
//! 3. the lock becomes the ref,
//! 4. the `.keep` file is removed.
//!
//! Each step is skipped where it has been done, so a publication can be completed any number of times, by any process. A
//! [`PublisherLock`] of the operating system keeps two of them from publishing to one repository at the same time; it ends with
//! its process. So a ref lock that contains one of our commits, seen by the holder of that lock, was left behind.

mod locked;
mod publisher_lock;
mod ref_lock;
mod reflog;

use std::{path::PathBuf, time::Duration};

use gix::ObjectId;
pub use locked::LockedCommit;

pub(crate) use self::ref_lock::locked_commit;
use self::{publisher_lock::PublisherLock, ref_lock::RefLock};
use crate::{
    Commit, Repository, StageError,
    object::bytes,
    pack::{self, PackName},
    repository::branch_ref,
};

/// How long a publication waits for another program that has the repository or the branch locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// All that is needed to complete the publication of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The local branch.
    pub branch: String,
    /// The commit that the branch stands at before; `None` if it is new.
    pub old: Option<ObjectId>,
    /// The commit that it moves to.
    pub new: ObjectId,
    /// The name of the pack with the new objects, `pack-1234…`. `None` in what version 0.1.0 stored: the pack is then the one
    /// that contains the commit.
    pub pack: Option<String>,
}

impl Repository {
    /// Completes a publication that was begun by [`StagedCommit::lock`](crate::StagedCommit::lock), however far it got.
    ///
    /// Nothing happens if the branch contains the commit already.
    ///
    /// # Errors
    /// An error that [is permanent](StageError::is_permanent) if the branch was moved by somebody else, or the objects are
    /// gone; any other if it can be tried again: the disk fails, or another program has the branch locked.
    pub fn publish(&self, publication: &Publication) -> Result<(), StageError> {
        let give_up = |waited| match waited > LOCK_TIMEOUT {
            true => Err(StageError::Locked(publication.branch.clone())),
            false => Ok(()),
        };
        // Until it succeeds, nobody takes what it needs for abandoned.
        self.unpublished().insert(publication.new);
        let _lock = PublisherLock::acquire(self, &publication.branch, &give_up)?;
        self.recorded(publication, self.resume(publication, &give_up))
    }

    /// Forgets the publication where it will not be tried again.
    fn recorded<T>(
        &self,
        publication: &Publication,
        published: Result<T, StageError>,
    ) -> Result<T, StageError> {
        if published.as_ref().err().is_none_or(StageError::is_permanent) {
            self.unpublished().remove(publication.new);
        }
        published
    }

    fn resume(
        &self,
        publication: &Publication,
        check: &dyn Fn(Duration) -> Result<(), StageError>,
    ) -> Result<(), StageError> {
        let Publication { branch, old, new, .. } = publication;
        if !self.stands_at(branch, *old)? {
            return self.conclude(publication);
        }
        let lock = match RefLock::adopt(self, branch, *new)? {
            Some(lock) => lock,
            None => RefLock::acquire(self, branch, *new, check)?,
        };
        if !self.stands_at(branch, *old)? {
            drop(lock);
            return self.conclude(publication);
        }
        self.complete(publication, lock).map(drop)
    }

    /// What has become of a publication whose branch is not where it was: it is complete, or it is impossible.
    fn conclude(&self, publication: &Publication) -> Result<(), StageError> {
        let Publication { branch, new, .. } = publication;
        let is_published = self.branch_contains(branch, *new)?;
        let update = |source| StageError::Update { branch: branch.clone(), source };
        if let Ok(Some(name)) = parse(publication) {
            pack::remove_keep_file(&self.pack_folder(), name).map_err(update)?;
        }
        // A lock that is left would keep everybody else from the branch.
        drop(RefLock::adopt(self, branch, *new)?);
        if is_published { Ok(()) } else { Err(StageError::BranchMoved(branch.clone())) }
    }

    /// Carries out what comes after the commit point. From here on the ref lock stays where this fails.
    fn complete(&self, publication: &Publication, mut lock: RefLock) -> Result<Commit, StageError> {
        let Publication { branch, old, new, .. } = publication;
        lock.persist();
        let update = |source| StageError::Update { branch: branch.clone(), source };
        let folder = self.pack_folder();
        let name = match parse(publication)? {
            Some(name) => Some(name),
            None => pack::find_holding(&folder, &bytes(*new)).map_err(update)?,
        };
        let is_placed = match name {
            Some(name) => pack::place(&folder, name).map_err(update)?,
            None => false,
        };
        let git = self.git();
        // Git may have moved the objects to another pack since they were put in place.
        if !is_placed && !git.has_object(*new) {
            lock.remove().map_err(update)?;
            return Err(StageError::ObjectsGone(*new));
        }
        let commit = Commit::read(&git, *new)?;
        reflog::append(self, branch, *old, &commit).map_err(update)?;
        lock.commit().map_err(update)?;
        if let Some(name) = name {
            pack::remove_keep_file(&folder, name).map_err(update)?;
        }
        Ok(commit)
    }

    /// Whether the branch stands at this commit; `None`: whether there is no such branch.
    fn stands_at(&self, branch: &str, commit: Option<ObjectId>) -> Result<bool, StageError> {
        let git = self.git();
        let found = git.try_find_reference(branch_ref(branch)?.as_ref())?;
        Ok(match found {
            Some(found) => commit.is_some() && found.target().try_id() == commit.as_deref(),
            None => commit.is_none(),
        })
    }

    fn pack_folder(&self) -> PathBuf {
        self.git().objects.store_ref().path().join("pack")
    }
}

fn parse(publication: &Publication) -> Result<Option<PackName>, StageError> {
    let name = publication.pack.as_deref().map(str::parse).transpose();
    name.map_err(|()| StageError::ObjectsGone(publication.new))
}
