//! A commit on its way across the commit point.

use std::time::Duration;

use gix::ObjectId;

use super::{
    LOCK_TIMEOUT, Publication, PublisherLock, RefLock,
    ref_lock::{lock_path, locked_commit, ref_path},
};
use crate::{
    Commit, Interrupter, LayerChanges, Repository, StageError, StagedCommit,
    object::bytes,
    pack::{self, FinishedPack},
};

/// A commit whose objects are on the disk and whose branch is locked; not visible yet.
///
/// Dropping it removes the lock and the objects.
pub struct LockedCommit {
    repository: Repository,
    publication: Publication,
    commit: Commit,
    changes: Vec<LayerChanges>,
    ref_lock: RefLock,
    pack: FinishedPack,
    // Released last.
    _publisher_lock: PublisherLock,
}

impl StagedCommit {
    /// Locks the branch, if it has not moved: from here on nobody else moves it.
    ///
    /// # Errors
    /// [`StageError::BranchMoved`] if it has moved, [`StageError::Locked`] if another program has it locked; if the
    /// disk fails.
    pub fn lock(self) -> Result<LockedCommit, StageError> {
        LockedCommit::new(self)
    }

    /// Locks the branch and moves it at once, for callers without a commit point.
    ///
    /// # Errors
    /// As [`Self::lock`] and [`LockedCommit::publish`].
    pub fn publish(self) -> Result<Commit, StageError> {
        self.lock()?.publish()
    }
}

impl LockedCommit {
    fn new(staged: StagedCommit) -> Result<Self, StageError> {
        let StagedCommit { repository, branch, tip, commit, changes, interrupter, pack } = staged;
        let old = tip.map(ObjectId::from);
        let publisher_lock = PublisherLock::acquire(&repository, &branch, &|_| Ok(interrupter.check()?))?;
        remove_abandoned_lock(&repository, &branch)?;
        let check = |waited| check(&interrupter, &branch, waited);
        let locked = RefLock::acquire(&repository, &branch, commit.id, &check);
        if !repository.stands_at(&branch, old)? {
            return Err(StageError::BranchMoved(branch));
        }
        let ref_lock = locked?;
        let publication = Publication { old, new: commit.id, pack: Some(pack.name().to_string()), branch };
        Ok(Self { repository, publication, commit, changes, ref_lock, pack, _publisher_lock: publisher_lock })
    }

    /// What the commit will be.
    pub fn commit(&self) -> &Commit {
        &self.commit
    }

    /// What it changes in each of its layers.
    pub fn changes(&self) -> &[LayerChanges] {
        &self.changes
    }

    /// What must be stored so that the publication can be completed after a crash.
    pub fn publication(&self) -> &Publication {
        &self.publication
    }

    /// Makes the commit visible. Nothing is removed where that fails: [`Repository::publish`] completes it.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn publish(self) -> Result<Commit, StageError> {
        let Self { repository, publication, changes, ref_lock, pack, _publisher_lock, .. } = self;
        pack.persist();
        repository.unpublished().insert(publication.new);
        let published = repository.recorded(&publication, repository.complete(&publication, ref_lock));
        if published.is_ok() {
            repository.remember_changes(&changes);
        }
        published
    }
}

fn check(interrupter: &Interrupter, branch: &str, waited: Duration) -> Result<(), StageError> {
    interrupter.check()?;
    if waited > LOCK_TIMEOUT { Err(StageError::Locked(branch.to_owned())) } else { Ok(()) }
}

/// Removes the ref lock of a publication that was abandoned before its commit point: its process is gone, and nobody has asked
/// to complete it.
fn remove_abandoned_lock(repository: &Repository, branch: &str) -> Result<(), StageError> {
    let update = |source| StageError::Update { branch: branch.to_owned(), source };
    let Some(commit) = locked_commit(&lock_path(&ref_path(repository, branch))).map_err(update)? else {
        return Ok(());
    };
    let is_ours = pack::is_being_published(&repository.pack_folder(), &bytes(commit)).map_err(update)?;
    if is_ours && !repository.unpublished().contains(commit) {
        drop(RefLock::adopt(repository, branch, commit)?);
    }
    Ok(())
}
