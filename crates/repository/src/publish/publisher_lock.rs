//! Keeps two processes, or threads, from publishing to one repository at the same time.

use std::{
    fs::{File, TryLockError},
    thread,
    time::{Duration, Instant},
};

use crate::{Repository, StageError};

/// The file in a repository's folder that is locked; it stays.
const FILE: &str = "longhaul-publishing";

/// How often to try again while another publisher is at work.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// A lock of the operating system on one repository; released when it is dropped, or its process ends.
#[must_use = "it is released when it is dropped"]
pub(super) struct PublisherLock(#[allow(dead_code, reason = "closing the file releases the lock")] File);

impl PublisherLock {
    /// Waits for the lock until `check` fails, which gets the time waited so far.
    pub(super) fn acquire(
        repository: &Repository,
        branch: &str,
        check: &dyn Fn(Duration) -> Result<(), StageError>,
    ) -> Result<Self, StageError> {
        let update = |source| StageError::Update { branch: branch.to_owned(), source };
        let file = File::options().append(true).create(true).open(repository.path().join(FILE));
        let file = file.map_err(update)?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::Error(source)) => return Err(update(source)),
                Err(TryLockError::WouldBlock) => check(started.elapsed())?,
            }
            thread::sleep(RETRY_INTERVAL);
        }
    }
}
