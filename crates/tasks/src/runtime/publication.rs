//! Completes what was sealed: the job publishes, and the result file gets its place.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use parking_lot::Mutex;

use super::{attempt::Attempt, attempts::Attempts, job_outcome::Ending, shutdown::Shutdown};
use crate::{ErrorReport, PublishError, Report, registry::JobKinds};

/// How many publications are tried again at once.
const AT_ONCE: usize = 64;

/// What is left to publish of a sealed attempt.
pub(crate) struct Publication {
    pub(crate) attempt: Arc<Attempt>,
    /// What the job has to publish; `None` if it has done so, or there is only a file.
    pub(crate) intent: Option<Arc<str>>,
    /// What the job returned; the task's error if the publication turns out to be impossible.
    pub(crate) failure: Option<(ErrorReport, Option<Report>)>,
}

/// Publishes, and keeps what could not be published yet.
pub(crate) struct Publisher {
    pub(crate) kinds: Arc<JobKinds>,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) shutdown: Arc<Shutdown>,
    pub(crate) pending: Mutex<Vec<Publication>>,
}

impl Publisher {
    /// Completes the publication; how the attempt ends. `None`: it could not be published now, and is kept to be tried again.
    pub(crate) fn complete(&self, publication: Publication) -> Option<Ending> {
        let Publication { attempt, failure, .. } = &publication;
        match self.publish(&publication) {
            // The sealed report becomes the result.
            Ok(()) => Some(Ending::Finished(Report::new())),
            Err(PublishError::Impossible(error)) => {
                tracing::error!(task = %attempt.id(), error = &*error as &dyn std::error::Error, "a publication is impossible");
                let (error, report) = failure.clone().unwrap_or_else(|| (ErrorReport::of(&error), None));
                Some(Ending::Failed(error, report))
            }
            Err(PublishError::Retry(error)) => {
                tracing::error!(task = %attempt.id(), error = &*error as &dyn std::error::Error, "a publication is tried again later");
                // Decided under the lock, so that nothing is added after `give_back`.
                let mut pending = self.pending.lock();
                match self.shutdown.has_begun() {
                    true => self.attempts.remove(attempt),
                    false => pending.push(publication),
                }
                None
            }
        }
    }

    fn publish(&self, publication: &Publication) -> Result<(), PublishError> {
        let attempt = &publication.attempt;
        if let Some(intent) = &publication.intent {
            let kind = self
                .kinds
                .get(&attempt.kind)
                .ok_or_else(|| PublishError::impossible(unknown_kind(attempt)))?;
            catch_unwind(AssertUnwindSafe(|| kind.publish(&attempt.job, intent))).unwrap_or_else(|_| {
                Err(PublishError::impossible(anyhow::anyhow!("the publication panicked")))
            })?;
        }
        let Some(download) = attempt.download.lock().clone() else { return Ok(()) };
        let results = self.attempts.files.results().map_err(PublishError::impossible)?;
        let published = results.publish(attempt.id(), attempt.number, &download);
        published.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                PublishError::impossible(anyhow::Error::new(error).context("the result file is lost"))
            }
            _ => {
                PublishError::Retry(anyhow::Error::new(error).context("putting the result file in its place"))
            }
        })
    }

    /// Tries the pending publications again. Blocks.
    pub(crate) fn retry(&self) {
        let pending = {
            let mut pending = self.pending.lock();
            let count = pending.len().min(AT_ONCE);
            pending.drain(..count).collect::<Vec<_>>()
        };
        for publication in pending {
            let attempt = publication.attempt.clone();
            if let Some(ending) = self.complete(publication) {
                self.attempts.end_in_background(attempt, ending);
            }
        }
    }

    /// Whether something has to be tried again.
    pub(crate) fn is_pending(&self) -> bool {
        !self.pending.lock().is_empty()
    }

    /// The runtime stops: what is pending stays sealed, and a store that survives the process has it recovered.
    pub(crate) fn give_back(&self) {
        let pending = std::mem::take(&mut *self.pending.lock());
        pending.iter().for_each(|publication| self.attempts.remove(&publication.attempt));
    }
}

/// The error of a task whose kind of job is not registered.
pub(crate) fn unknown_kind(attempt: &Attempt) -> anyhow::Error {
    anyhow::anyhow!("this server knows no `{}` job", attempt.kind)
}
