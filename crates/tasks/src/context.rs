//! What a job may do and must heed while it runs.

use std::{future::Future, io, path::PathBuf, sync::Arc, time::Duration};

use serde::Serialize;

use crate::{
    Cancelled, Report, TaskId,
    engine::Engine,
    progress::Step,
    run::{Cause, NotOpen, Run},
    store::{Download, Refusal, StoreError, Transition},
    text,
    wait::{either, wait_for},
};

/// A running job's link to its task: progress, cancellation, the point of no return.
///
/// All threads of one job may share it.
pub struct Context {
    pub(crate) run: Arc<Run>,
    pub(crate) engine: Arc<Engine>,
}

/// Shows that the task is past its point of no return: no cancel and no deadline can stop it any more.
#[derive(Debug)]
pub struct Sealed(());

/// Why a task was not sealed; nothing may be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealRefused {
    /// The task was asked to stop, or was given up because it did not.
    #[error("the task was stopped before its point of no return")]
    Cancelled(#[source] Cancelled),
    /// A task has one point of no return.
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

impl Context {
    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.run.id
    }

    /// Begins a step, in words that a poller reads: `Importing roads (2/3)...`.
    ///
    /// More may be said of it: `ctx.step("Importing roads (2/3)...").total(Some(500)).unit("features")`.
    pub fn step(&self, text: impl AsRef<str>) -> Step {
        self.run.steps.begin(text.as_ref())
    }

    /// Counts `count` more of the step as done. Cheap: a few nanoseconds and no lock.
    ///
    /// # Errors
    /// When the task is to stop.
    pub fn advance(&self, count: u64) -> Result<(), Cancelled> {
        self.run.steps.add(count);
        self.check()
    }

    /// Says how much of the step is done; less than was said before does nothing.
    ///
    /// # Errors
    /// When the task is to stop.
    pub fn reach(&self, done: u64) -> Result<(), Cancelled> {
        self.run.steps.reach(done);
        self.check()
    }

    /// Asks whether to go on.
    ///
    /// # Errors
    /// When the task is to stop.
    pub fn check(&self) -> Result<(), Cancelled> {
        self.run.see()
    }

    /// Whether the task is to stop. A job that has been told so and then fails is CANCELLED, whatever its error.
    pub fn is_cancelled(&self) -> bool {
        self.run.see().is_err()
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

    /// Waits for the future, keeping the place in the pool.
    ///
    /// # Errors
    /// As soon as the task is to stop; the future is dropped then.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, Cancelled> {
        self.check()?;
        match wait_for(either(future, self.run.stopped())) {
            Ok(output) => Ok(output),
            Err(()) => Err(self.check().err().unwrap_or(Cancelled(()))),
        }
    }

    /// Waits for some time without keeping the place in the pool, which another task takes meanwhile.
    ///
    /// # Errors
    /// As soon as the task is to stop.
    pub fn park(&self, time: Duration) -> Result<(), Cancelled> {
        self.park_until(tokio::time::sleep(time))
    }

    /// Waits for the future without keeping the place in the pool, which another task takes meanwhile.
    ///
    /// The thread waits, too; so in an [`AsyncJob`](crate::AsyncJob) whatever runs beside it in the same job stands still.
    ///
    /// # Errors
    /// As soon as the task is to stop; the future is dropped then.
    pub fn park_until<F: Future>(&self, future: F) -> Result<F::Output, Cancelled> {
        let is_parked = self.engine.park(&self.run);
        let output = self.block_on(future);
        if is_parked {
            self.engine.pool.unpark(&self.run);
        }
        self.check().and(output)
    }

    /// Calls `hook` once when the task is to stop, to break off what cannot ask: a long SQL statement, a child process.
    ///
    /// It is called on the thread of whoever stops the task and must be quick; at once if the task is already to stop.
    /// Dropping the guard takes it back.
    pub fn on_cancel(&self, hook: impl FnOnce() + Send + 'static) -> CancelGuard<'_> {
        CancelGuard { run: &self.run, key: self.run.add_hook(Box::new(hook)) }
    }

    /// Passes the point of no return: from here on nothing stops the task, and the job publishes what it has prepared.
    ///
    /// `intent` says what is about to be published, so that after a crash, or an error from here on,
    /// [`Job::publish`](crate::Job::publish) can complete it. `report` becomes the task's result. Both are
    /// durable when this returns.
    ///
    /// # Errors
    /// When the task was asked to stop first, or the store cannot keep it. Nothing may be published then.
    pub fn seal(&self, intent: &impl Serialize, report: &Report) -> Result<Sealed, SealRefused> {
        self.check().map_err(SealRefused::Cancelled)?;
        let intent: Arc<str> = serde_json::to_string(intent).map_err(SealRefused::Intent)?.into();
        let download = self.run.download.lock().clone();
        if let Some(download) = &download {
            self.engine.sync_result(&self.run, download).map_err(SealRefused::ResultFile)?;
        }
        self.run.begin_sealing()?;
        let wish = Transition::Sealed {
            id: self.run.id,
            attempt: self.run.attempt,
            intent: Some(intent.clone()),
            report: Arc::new(text::clean_report(report.clone())),
            download,
        };
        match wait_for(self.engine.write(wish)).map(|answer| answer.verdict) {
            Ok(Ok(())) => {
                self.run.end_sealing(Ok(intent));
                Ok(Sealed(()))
            }
            Ok(Err(Refusal::Sealed)) => {
                self.run.end_sealing(Ok(intent));
                Err(SealRefused::AlreadySealed)
            }
            Ok(Err(_)) => {
                self.run.end_sealing(Err(Some(Cause::Cancel)));
                Err(SealRefused::Cancelled(Cancelled(())))
            }
            Err(error) => {
                self.run.end_sealing(Err(None));
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
        let path = self.engine.results()?.prepare(self.run.id, self.run.attempt, name)?;
        let mut download = self.run.download.lock();
        if download.is_some() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the task has a result file already"));
        }
        *download = Some(Arc::new(Download { name: name.into(), media_type: media_type.into() }));
        Ok(path)
    }
}

impl From<NotOpen> for SealRefused {
    fn from(why: NotOpen) -> Self {
        match why {
            NotOpen::Stopped => Self::Cancelled(Cancelled(())),
            NotOpen::AlreadySealed => Self::AlreadySealed,
        }
    }
}

/// Takes a hook of [`Context::on_cancel`] back when it is dropped.
#[must_use = "dropping it takes the hook back"]
pub struct CancelGuard<'a> {
    run: &'a Run,
    key: u64,
}

impl Drop for CancelGuard<'_> {
    fn drop(&mut self) {
        self.run.remove_hook(self.key);
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
            // What was broken off by the cancel must not look like the end.
            return self.ctx.check().err().map(Err);
        };
        self.ctx.run.steps.add((self.count)(&item));
        Some(Ok(item))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let most = self.items.as_ref().and_then(|items| items.size_hint().1);
        (0, most.map(|most| most.saturating_add(1)))
    }
}
