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
pub struct Turns(Mutex<HashMap<String, Weak<Door>>>);

/// What those share who want something of one repository. Both locks are taken in the order in which they were asked for.
#[derive(Debug, Default)]
struct Door {
    inside: Arc<tokio::sync::RwLock<()>>,
    commit: Arc<tokio::sync::Mutex<()>>,
}

/// Keeps the repository where it is.
#[derive(Debug)]
#[must_use = "it lasts as long as this"]
pub(crate) struct Stay {
    _inside: OwnedRwLockReadGuard<()>,
    _door: Arc<Door>,
}

/// Keeps everybody out who stays.
#[derive(Debug)]
#[must_use = "it lasts as long as this"]
pub struct Alone {
    _inside: OwnedRwLockWriteGuard<()>,
    _door: Arc<Door>,
}

/// Keeps others from committing.
#[derive(Debug)]
#[must_use = "it lasts as long as this"]
pub(crate) struct CommitTurn {
    _commit: OwnedMutexGuard<()>,
    _door: Arc<Door>,
}

impl Turns {
    /// Waits until nobody is about to delete or rename the repository, and keeps them from it.
    pub(crate) fn stay(&self, ctx: &Context, repository: &str) -> Result<Stay, Cancelled> {
        let door = self.door(repository);
        let _inside = match door.inside.clone().try_read_owned() {
            Ok(inside) => inside,
            Err(_) => ctx.park_until(door.inside.clone().read_owned())?,
        };
        Ok(Stay { _inside, _door: door })
    }

    /// Waits until nobody stays in the repository, and keeps everybody out. For whoever deletes or renames it.
    ///
    /// # Errors
    /// When the task is to stop.
    pub fn alone(&self, ctx: &Context, repository: &str) -> Result<Alone, Cancelled> {
        let door = self.door(repository);
        let _inside = match door.inside.clone().try_write_owned() {
            Ok(inside) => inside,
            Err(_) => ctx.park_until(door.inside.clone().write_owned())?,
        };
        Ok(Alone { _inside, _door: door })
    }

    /// Waits until nobody commits to the repository. Not parked: a commit takes as long as the disk needs to confirm it, and
    /// whoever comes with one has a result of hours to bring home.
    pub(crate) fn commit(&self, ctx: &Context, repository: &str) -> Result<CommitTurn, Cancelled> {
        let door = self.door(repository);
        let _commit = ctx.block_on(door.commit.clone().lock_owned())?;
        Ok(CommitTurn { _commit, _door: door })
    }

    fn door(&self, repository: &str) -> Arc<Door> {
        let mut doors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(door) = doors.get(repository).and_then(Weak::upgrade) {
            return door;
        }
        doors.retain(|_, door| door.strong_count() > 0);
        let door = Arc::<Door>::default();
        doors.insert(repository.to_owned(), Arc::downgrade(&door));
        door
    }
}
