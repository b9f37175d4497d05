//! Who may do what with a repository while others are at it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use longhaul_tasks::{Cancelled, Context};
use tokio::sync::{OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard};

/// What the lanes of tasks cannot say, since they are taken for the whole of a task.
///
/// A download may wait for hours until a server takes its query. It has the lane of the server, so that there is one query
/// at a time, first come, first served, and nobody's thread is kept waiting for it; but not the lane of its
/// repository, or nothing could be imported meanwhile. So it only *stays* in the repository while its data comes,
/// which keeps others from deleting or renaming it; and whoever commits, download or import, has it to itself for as
/// long as that takes.
///
/// Nothing of this is stored: after a restart there is nobody to wait for. It holds within one server, and so does a data
/// folder. Should a commit of another program come between, the branch is moved by compare-and-swap all the same.
#[derive(Debug, Default)]
pub struct RepositoryLocks(Mutex<HashMap<String, Weak<RepositoryLock>>>);

/// What those share who want something of one repository. Both locks are taken in the order in which they were asked for.
#[derive(Debug, Default)]
struct RepositoryLock {
    presence: Arc<tokio::sync::RwLock<()>>,
    commit: Arc<tokio::sync::Mutex<()>>,
}

/// Keeps the repository where it is.
#[derive(Debug)]
#[must_use = "it lasts as long as this"]
pub(crate) struct SharedGuard {
    _guard: OwnedRwLockReadGuard<()>,
    _lock: Arc<RepositoryLock>,
}

/// Keeps everybody out who stays.
#[derive(Debug)]
#[must_use = "it lasts as long as this"]
pub struct ExclusiveGuard {
    _guard: OwnedRwLockWriteGuard<()>,
    _lock: Arc<RepositoryLock>,
}

/// Keeps others from committing.
#[derive(Debug)]
#[must_use = "it lasts as long as this"]
pub(crate) struct CommitGuard {
    _guard: OwnedMutexGuard<()>,
    _lock: Arc<RepositoryLock>,
}

impl RepositoryLocks {
    /// Waits until nobody is about to delete or rename the repository, and keeps them from it.
    pub(crate) fn lock_shared(&self, ctx: &Context, repository: &str) -> Result<SharedGuard, Cancelled> {
        let lock = self.lock_of(repository);
        let _guard = match lock.presence.clone().try_read_owned() {
            Ok(presence) => presence,
            Err(_) => ctx.park_until(lock.presence.clone().read_owned())?,
        };
        Ok(SharedGuard { _guard, _lock: lock })
    }

    /// Waits until nobody stays in the repository, and keeps everybody out. For whoever deletes or renames it.
    ///
    /// # Errors
    /// When the task is to stop.
    pub fn lock_exclusive(&self, ctx: &Context, repository: &str) -> Result<ExclusiveGuard, Cancelled> {
        let lock = self.lock_of(repository);
        let _guard = match lock.presence.clone().try_write_owned() {
            Ok(presence) => presence,
            Err(_) => ctx.park_until(lock.presence.clone().write_owned())?,
        };
        Ok(ExclusiveGuard { _guard, _lock: lock })
    }

    /// Waits until nobody commits to the repository. Not parked: a commit takes as long as the disk needs to confirm it, and
    /// whoever comes with one has a result of hours to bring home.
    pub(crate) fn lock_for_commit(&self, ctx: &Context, repository: &str) -> Result<CommitGuard, Cancelled> {
        let lock = self.lock_of(repository);
        let _guard = ctx.block_on(lock.commit.clone().lock_owned())?;
        Ok(CommitGuard { _guard, _lock: lock })
    }

    fn lock_of(&self, repository: &str) -> Arc<RepositoryLock> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = locks.get(repository).and_then(Weak::upgrade) {
            return lock;
        }
        locks.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::<RepositoryLock>::default();
        locks.insert(repository.to_owned(), Arc::downgrade(&lock));
        lock
    }
}
