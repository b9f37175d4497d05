//! What a job may do and must heed while it runs.

use std::{future::Future, io, path::PathBuf, sync::Arc, time::Duration};

use pollster::block_on;
use serde::Serialize;

use crate::{
    Cancelled, Lane, Report, TaskId,
    progress::Step,
    runtime::{
        attempt::{Attempt, NotSealable, StopCause},
        attempts::Attempts,
    },
    sanitize,
    store::{CommandError, Download, Seal, StoreError},
};

/// A running job's connection to its task: progress, cancellation, the commit point.
///
/// All threads of one job may share it.
pub struct Context {
    attempt: Arc<Attempt>,
    attempts: Arc<Attempts>,
}

/// Shows that the task has passed its commit point: no cancel and no deadline can stop it any more.
#[derive(Debug)]
pub struct Sealed(());

/// Why a task was not sealed; nothing may be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealRefused {
    /// The task was asked to stop, or was abandoned because it did not.
    #[error("the task was stopped before its commit point")]
    Cancelled(#[source] Cancelled),
    /// A task is sealed once.
    #[error("the task is sealed already")]
    AlreadySealed,
    /// What is about to be published cannot be stored.
    #[error("storing what is about to be published")]
    Intent(#[source] serde_json::Error),
    /// The announced file is not there, or cannot be brought to disk.
    #[error("saving the result file")]
    ResultFile(#[source] io::Error),
    /// The store could not answer.
    #[error("sealing the task")]
    Store(#[source] StoreError),
}

/// Why a lane was not entered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnterError {
    /// The task is to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The store could not answer.
    #[error("entering a lane")]
    Store(#[from] StoreError),
}

impl Context {
    pub(crate) fn new(attempt: Arc<Attempt>, attempts: Arc<Attempts>) -> Self {
        Self { attempt, attempts }
    }

    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.attempt.id()
    }

    /// Begins a step, in words for users: `Importing roads (2/3)...`.
    ///
    /// More may be said of it: `ctx.step("Importing roads (2/3)...").total(Some(500)).unit("features")`.
    pub fn step(&self, text: impl AsRef<str>) -> Step {
        self.attempt.steps.begin(text.as_ref())
    }

    /// Counts `count` more of the step as done. Cheap: a few nanoseconds and no lock.
    ///
    /// # Errors
    /// When the task is to stop.
    pub fn advance(&self, count: u64) -> Result<(), Cancelled> {
        self.attempt.steps.add(count);
        self.check()
    }

    /// Says how much of the step is done; a smaller number than before has no effect.
    ///
    /// # Errors
    /// When the task is to stop.
    pub fn reach(&self, done: u64) -> Result<(), Cancelled> {
        self.attempt.steps.reach(done);
        self.check()
    }

    /// Whether to go on.
    ///
    /// # Errors
    /// When the task is to stop.
    pub fn check(&self) -> Result<(), Cancelled> {
        self.attempt.check()
    }

    /// Whether the task is to stop. A job that was told so and then fails is CANCELLED, whatever its error.
    pub fn is_cancelled(&self) -> bool {
        self.attempt.check().is_err()
    }

    /// Counts each item as one; yields [`Cancelled`] as its last item once the task is to stop.
    pub fn track<I: IntoIterator>(&self, items: I) -> Track<'_, I::IntoIter, impl FnMut(&I::Item) -> u64> {
        self.track_by(items, |_| 1)
    }

    /// [`track`](Self::track) where an item counts as many: a batch its rows, a block its bytes.
    pub fn track_by<I, F>(&self, items: I, count: F) -> Track<'_, I::IntoIter, F>
    where
        I: IntoIterator,
        F: FnMut(&I::Item) -> u64,
    {
        Track { ctx: self, items: Some(items.into_iter()), count }
    }

    /// Waits for the future, keeping the worker slot.
    ///
    /// # Errors
    /// As soon as the task is to stop; the future is dropped then.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, Cancelled> {
        self.check()?;
        block_on(async {
            tokio::select! {
                biased;
                output = future => Ok(output),
                () = self.attempt.stopped() => Err(self.check().err().unwrap_or(Cancelled(()))),
            }
        })
    }

    /// Waits for some time and frees the worker slot, which another task uses in the meantime.
    ///
    /// # Errors
    /// As soon as the task is to stop.
    pub fn park(&self, time: Duration) -> Result<(), Cancelled> {
        self.park_until(tokio::time::sleep(time))
    }

    /// Waits for the future and frees the worker slot, which another task uses in the meantime.
    ///
    /// The thread blocks: in an [`AsyncJob`](crate::AsyncJob) nothing else of the same job goes on.
    ///
    /// # Errors
    /// As soon as the task is to stop; the future is dropped then.
    pub fn park_until<F: Future>(&self, future: F) -> Result<F::Output, Cancelled> {
        let parked = self.attempts.slots.park(&self.attempt).then(|| Parked(self));
        let output = self.block_on(future);
        drop(parked);
        self.check().and(output)
    }

    /// Calls `hook` once when the task is to stop, to break off what cannot ask: a long SQL statement, a child process.
    ///
    /// It is called on a blocking thread of the runtime and should be quick; on this thread and at once if the task is already to
    /// stop. Dropping the guard removes it; a hook that is being called is waited for.
    pub fn on_cancel(&self, hook: impl FnOnce() + Send + 'static) -> CancelGuard<'_> {
        CancelGuard { attempt: &self.attempt, key: self.attempt.add_cancel_hook(Box::new(hook)) }
    }

    /// Occupies a lane from now on, in addition to those of the job, and waits until it is free. The worker slot is freed in the
    /// meantime. The lane is left when the guard is dropped, at the latest when the task ends.
    ///
    /// This goes before tasks that wait for the lane. Jobs that enter several lanes must do so in one order.
    ///
    /// # Errors
    /// As soon as the task is to stop, or when the store cannot answer.
    pub fn enter(&self, lane: Lane) -> Result<LaneGuard<'_>, EnterError> {
        let entered = self.attempts.store.store().enter(self.attempt.key, lane.clone());
        self.park_until(entered)??;
        Ok(LaneGuard { context: self, lane: Some(lane) })
    }

    /// Passes the commit point: from here on nothing stops the task, and the job publishes what it has prepared.
    ///
    /// `intent` says what is about to be published, so that after a crash, or an error from here on,
    /// [`Job::publish`](crate::Job::publish) can complete it. `report` becomes the task's result. Both are durable when this
    /// returns.
    ///
    /// # Errors
    /// When the task was asked to stop first, or the store cannot keep it. Nothing may be published then.
    pub fn seal(&self, intent: &impl Serialize, report: &Report) -> Result<Sealed, SealRefused> {
        self.check().map_err(SealRefused::Cancelled)?;
        let intent: Arc<str> = serde_json::to_string(intent).map_err(SealRefused::Intent)?.into();
        let download = self.attempt.download.lock().clone();
        if let Some(download) = &download {
            self.attempts.files.sync(&self.attempt, download).map_err(SealRefused::ResultFile)?;
        }
        self.attempt.begin_sealing()?;
        let report = Arc::new(sanitize::clean_report(report.clone()));
        let seal = Seal { intent: Some(intent.clone()), report, download };
        match block_on(self.attempts.store.apply(self.attempt.key.seal(seal))).map(|outcome| outcome.result) {
            Ok(Ok(())) => {
                self.attempt.end_sealing(Ok(intent));
                Ok(Sealed(()))
            }
            Ok(Err(CommandError::Sealed)) => {
                self.attempt.end_sealing(Ok(intent));
                Err(SealRefused::AlreadySealed)
            }
            Ok(Err(_)) => {
                self.attempt.end_sealing(Err(Some(StopCause::Cancel)));
                Err(SealRefused::Cancelled(Cancelled(())))
            }
            Err(error) => {
                self.attempt.end_sealing(Err(None));
                Err(SealRefused::Store(error))
            }
        }
    }

    /// Where to write the file that the task will offer for download once it is FINISHED; the job creates it.
    ///
    /// A task has at most one; it must be written, and closed, before the job seals or returns.
    ///
    /// # Errors
    /// When the name is not a plain file name, there is a result file already, the folder cannot be made, or the engine was
    /// [built](crate::Builder::results) without a folder for results.
    pub fn result_file(&self, name: &str, media_type: &str) -> io::Result<PathBuf> {
        let path = self.attempts.files.prepare(&self.attempt, name)?;
        let mut download = self.attempt.download.lock();
        if download.is_some() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the task has a result file already"));
        }
        *download = Some(Arc::new(Download { name: name.into(), media_type: media_type.into() }));
        Ok(path)
    }
}

/// Waits for a slot again when it is dropped.
struct Parked<'a>(&'a Context);

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.0.attempts.slots.unpark(&self.0.attempt);
    }
}

impl From<NotSealable> for SealRefused {
    fn from(why: NotSealable) -> Self {
        match why {
            NotSealable::Stopped => Self::Cancelled(Cancelled(())),
            NotSealable::AlreadySealed => Self::AlreadySealed,
        }
    }
}

/// Removes a hook of [`Context::on_cancel`] when it is dropped.
#[must_use = "dropping it removes the hook"]
pub struct CancelGuard<'a> {
    attempt: &'a Attempt,
    key: u64,
}

impl Drop for CancelGuard<'_> {
    fn drop(&mut self) {
        self.attempt.remove_cancel_hook(self.key);
    }
}

/// Leaves a lane of [`Context::enter`] when it is dropped.
#[must_use = "dropping it leaves the lane"]
pub struct LaneGuard<'a> {
    context: &'a Context,
    lane: Option<Lane>,
}

impl Drop for LaneGuard<'_> {
    fn drop(&mut self) {
        let (store, key, lane) =
            (self.context.attempts.store.clone(), self.context.attempt.key, self.lane.take());
        self.context.attempts.runtime.spawn(async move {
            if let Some(lane) = lane
                && let Err(error) = store.store().leave(key, lane).await
            {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "a lane could not be left; it is freed when its task ends");
            }
        });
    }
}

/// The items of [`Context::track`].
pub struct Track<'a, I, F> {
    ctx: &'a Context,
    items: Option<I>,
    count: F,
}

impl<I: Iterator, F: FnMut(&I::Item) -> u64> Iterator for Track<'_, I, F> {
    type Item = Result<I::Item, Cancelled>;

    fn next(&mut self) -> Option<Self::Item> {
        let items = self.items.as_mut()?;
        if let Err(cancelled) = self.ctx.check() {
            self.items = None;
            return Some(Err(cancelled));
        }
        let Some(item) = items.next() else {
            self.items = None;
            // Items that end because of the cancel must not look complete.
            return self.ctx.check().err().map(Err);
        };
        self.ctx.attempt.steps.add((self.count)(&item));
        Some(Ok(item))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let most = self.items.as_ref().and_then(|items| items.size_hint().1);
        (0, most.map(|most| most.saturating_add(1)))
    }
}
