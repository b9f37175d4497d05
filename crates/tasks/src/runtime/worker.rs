//! The loop of a worker thread: claims a task, runs its job, ends the attempt.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use pollster::block_on;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    attempt::{Attempt, AttemptOutcome, StopCause},
    attempts::Attempts,
    job_outcome::{self, Ending, JobOutcome, Next},
    mean_duration::MeanDuration,
    publication::{Publication, Publisher, unknown_kind},
    shutdown::Shutdown,
    timer::Timer,
};
use crate::{
    Context, ErrorReport, Failure, Report,
    registry::JobKinds,
    store::{Beat, Claimed, CommandError, Seal},
};

/// How long a thread waits before it asks a store again that did not answer.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// What all worker threads share.
pub(crate) struct Worker {
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) kinds: Arc<JobKinds>,
    pub(crate) publisher: Arc<Publisher>,
    pub(crate) timer: Arc<Timer>,
    pub(crate) mean_duration: Arc<MeanDuration>,
    pub(crate) shutdown: Arc<Shutdown>,
}

impl Worker {
    /// Runs tasks until the thread is not needed any more.
    pub(crate) fn run(&self) {
        let _entered = self.attempts.runtime.enter();
        while let Some((claimed, slot)) = self.next() {
            let attempt = self.attempts.begin(claimed, slot);
            self.catch_up(&attempt);
            self.perform(&attempt);
        }
    }

    /// Waits for a slot and a task; `None` when the thread has to end.
    fn next(&self) -> Option<(Claimed, OwnedSemaphorePermit)> {
        let slots = &self.attempts.slots;
        while !slots.retire() {
            let Some(slot) = slots.acquire() else { continue };
            let seen = slots.announcements();
            let pause = match block_on(self.attempts.store.claim_one(&self.kinds)) {
                Ok(Some(claimed)) => return Some((claimed, slot)),
                Ok(None) => None,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "could not ask the store for a task");
                    Some(STORE_PAUSE)
                }
            };
            drop(slot);
            slots.wait_for_work(seen, pause);
        }
        None
    }

    /// Tells the attempt what has happened since it was claimed and before it could be told.
    fn catch_up(&self, attempt: &Arc<Attempt>) {
        let beat = Beat { attempt: attempt.key, progress: None };
        match block_on(self.attempts.store.heartbeat(vec![beat])) {
            Ok(signals) => signals.iter().for_each(|signal| attempt.stop(StopCause::of(signal))),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not ask whether a task goes on"
                );
            }
        }
        if self.shutdown.has_begun() {
            attempt.stop(StopCause::Shutdown);
        }
        self.timer.deadline_begins(attempt.begun);
    }

    fn perform(&self, attempt: &Arc<Attempt>) {
        let _span =
            tracing::info_span!("task", id = attempt.id().0, kind = &*attempt.kind, attempt = attempt.number)
                .entered();
        tracing::info!("a task starts");
        let outcome = self.run_job(attempt);
        let stood = attempt.thread_returned();
        self.mean_duration.record(self.attempts.clock.elapsed().saturating_sub(attempt.begun));
        if let AttemptOutcome::Abandoned = stood {
            return self.attempts.abandoned_thread_returned(attempt);
        }
        if let Some(ending) = self.ending(attempt, &stood, outcome) {
            self.attempts.end_in_background(attempt.clone(), ending);
        } else {
            self.timer.retry_publications();
        }
        attempt.slot.lock().take();
    }

    fn run_job(&self, attempt: &Arc<Attempt>) -> JobOutcome {
        if let Err(cancelled) = attempt.check() {
            return Ok(Err(Failure::new(cancelled)));
        }
        let Some(kind) = self.kinds.get(&attempt.kind) else {
            return Ok(Err(Failure::new(unknown_kind(attempt))));
        };
        let context = Context::new(attempt.clone(), self.attempts.clone());
        catch_unwind(AssertUnwindSafe(|| kind.run(&attempt.job, &context)))
    }

    /// How the attempt ends; `None` if its publication has to be tried again.
    fn ending(&self, attempt: &Arc<Attempt>, stood: &AttemptOutcome, outcome: JobOutcome) -> Option<Ending> {
        let (job_has_published, failure) = match job_outcome::next(&self.attempts, attempt, stood, outcome) {
            Next::End(Ending::Finished(report)) => return self.finish(attempt, report),
            Next::End(ending) => return Some(ending),
            Next::Publish { job_has_published, failure } => (job_has_published, failure),
        };
        let intent = match stood {
            AttemptOutcome::Sealed { intent } if !job_has_published => intent.clone(),
            _ => None,
        };
        self.publisher.complete(Publication { attempt: attempt.clone(), intent, failure })
    }

    /// Finishes an attempt that is not sealed; if it offers a file, that is sealed and published first.
    fn finish(&self, attempt: &Arc<Attempt>, report: Report) -> Option<Ending> {
        let Some(download) = attempt.download.lock().clone() else { return Some(Ending::Finished(report)) };
        if let Err(error) = self.attempts.files.sync(attempt, &download) {
            let error = anyhow::Error::new(error).context("saving the result file");
            return Some(Ending::Failed(ErrorReport::of(&error), None));
        }
        let seal = Seal { intent: None, report: Arc::new(report.clone()), download: Some(download) };
        match block_on(self.attempts.store.apply_until_stored(attempt.key.seal(seal))).result {
            // A seal whose answer was lost is refused when it is repeated.
            Ok(()) | Err(CommandError::Sealed) => {
                self.publisher.complete(Publication { attempt: attempt.clone(), intent: None, failure: None })
            }
            // The command for the end will be refused for the same reason.
            Err(_) => Some(Ending::Finished(report)),
        }
    }
}
