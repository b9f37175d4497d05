//! Locks that tasks take while they work on a repository.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use longhaul_tasks::{Cancelled, Context};
use tokio::sync::{OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard};

/// The locks of all repositories, by the id of the repository. They exist beside the lanes of tasks, because a task holds its
/// lanes during its whole run.
///
/// A download may wait for hours until the Overpass server accepts its query. It holds the lane of the server, so that
/// queries are sent one at a time and in the order of the requests. It does not hold the lane of its repository, so that
/// imports can run in the meantime. Instead it takes a shared lock while it receives data, which prevents that the repository
/// is deleted or renamed; and every import and download takes a commit lock while it commits.
///
/// The locks are not stored, because no task runs right after a restart. They work within one server, and a data folder
/// belongs to one server. If another program commits at the same time, the compare-and-swap of the branch fails.
///
/// A clone has the same locks.
#[derive(Clone, Debug, Default)]
pub struct RepositoryLocks(Arc<Mutex<HashMap<String, Weak<RepositoryLock>>>>);

/// The two locks of one repository. Both are fair: they are granted in the order of the requests.
#[derive(Debug, Default)]
struct RepositoryLock {
    existence: Arc<tokio::sync::RwLock<()>>,
    commit: Arc<tokio::sync::Mutex<()>>,
}

/// While it exists, the repository is not deleted or renamed.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct SharedGuard {
    _guard: OwnedRwLockReadGuard<()>,
    _lock: Arc<RepositoryLock>,
}

/// While it exists, no other task has a shared or exclusive lock of the repository.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct ExclusiveGuard {
    _guard: OwnedRwLockWriteGuard<()>,
    _lock: Arc<RepositoryLock>,
}

/// While it exists, no other task commits to the repository.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub(crate) struct CommitGuard {
    _guard: OwnedMutexGuard<()>,
    _lock: Arc<RepositoryLock>,
}

impl RepositoryLocks {
    /// Takes a shared lock, for tasks that need the repository to stay where it is. If the task has to wait, it is parked.
    pub(crate) fn lock_shared(&self, ctx: &Context, repository: &str) -> Result<SharedGuard, Cancelled> {
        let lock = self.lock_of(repository);
        let _guard = match lock.existence.clone().try_read_owned() {
            Ok(guard) => guard,
            Err(_) => ctx.park_until(lock.existence.clone().read_owned())?,
        };
        Ok(SharedGuard { _guard, _lock: lock })
    }

    /// Takes a shared lock for a request that changes the repository and is not a task.
    pub async fn shared(&self, repository: &str) -> SharedGuard {
        let lock = self.lock_of(repository);
        let _guard = lock.existence.clone().read_owned().await;
        SharedGuard { _guard, _lock: lock }
    }

    /// Takes an exclusive lock, for tasks that delete or rename the repository. If the task has to wait, it is parked.
    ///
    /// # Errors
    /// If the task is cancelled.
    pub fn lock_exclusive(&self, ctx: &Context, repository: &str) -> Result<ExclusiveGuard, Cancelled> {
        let lock = self.lock_of(repository);
        let _guard = match lock.existence.clone().try_write_owned() {
            Ok(guard) => guard,
            Err(_) => ctx.park_until(lock.existence.clone().write_owned())?,
        };
        Ok(ExclusiveGuard { _guard, _lock: lock })
    }

    /// Takes the commit lock. The task is not parked while it waits: a commit is short, and a task that has finished hours of
    /// work should not have to wait for a worker again.
    pub(crate) fn lock_for_commit(&self, ctx: &Context, repository: &str) -> Result<CommitGuard, Cancelled> {
        let lock = self.lock_of(repository);
        let _guard = ctx.block_on(lock.commit.clone().lock_owned())?;
        Ok(CommitGuard { _guard, _lock: lock })
    }

    /// The lock of a repository. Locks without a guard are removed.
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
