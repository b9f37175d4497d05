//! What the outcome of a job means.

use std::{any::Any, sync::Arc};

use super::{
    attempt::{Attempt, AttemptOutcome, StopCause},
    attempts::Attempts,
};
use crate::{
    ErrorReport, Failure, Report, sanitize,
    store::{AttemptKey, Command, End},
};

/// What a job returned, or the panic that it ended with.
pub(super) type JobOutcome = Result<Result<Report, Failure>, Box<dyn Any + Send>>;

/// How an attempt is to end.
pub(crate) enum Ending {
    Finished(Report),
    Failed(ErrorReport, Option<Report>),
    Cancelled,
    /// Its task waits again.
    Released {
        interrupted: bool,
    },
}

impl Ending {
    pub(super) fn command(&self, key: AttemptKey) -> Command {
        key.end(match self {
            Self::Finished(report) => End::Finished(Arc::new(report.clone())),
            Self::Failed(error, report) => End::Failed(Arc::new(error.clone()), report.clone().map(Arc::new)),
            Self::Cancelled => End::Cancelled,
            Self::Released { interrupted } => return key.release(*interrupted),
        })
    }
}

/// What follows from a job's outcome.
pub(super) enum Next {
    End(Ending),
    /// The attempt is sealed: its publication has to be completed, with this failure if that is impossible.
    Publish {
        job_has_published: bool,
        failure: Option<(ErrorReport, Option<Report>)>,
    },
}

/// What follows from the job's outcome, and from whether the attempt was sealed or stopped.
pub(super) fn next(
    attempts: &Attempts,
    attempt: &Attempt,
    stood: &AttemptOutcome,
    outcome: JobOutcome,
) -> Next {
    let is_sealed = matches!(stood, AttemptOutcome::Sealed { .. });
    let (error, report) = match outcome {
        Ok(Ok(_)) if is_sealed => return Next::Publish { job_has_published: true, failure: None },
        Ok(Ok(report)) => return Next::End(returned(attempts, stood, report)),
        Ok(Err(failure)) => {
            if let AttemptOutcome::Stopped(cause) = stood
                && (attempt.stop_was_seen() || failure.is_cancelled())
            {
                return Next::End(stopped(attempts, *cause));
            }
            failure.into_parts()
        }
        Err(panic) => (panic_report(&*panic), None),
    };
    match is_sealed {
        true => Next::Publish { job_has_published: false, failure: Some((error, report)) },
        false => Next::End(Ending::Failed(error, report)),
    }
}

fn returned(attempts: &Attempts, stood: &AttemptOutcome, report: Report) -> Ending {
    match stood {
        AttemptOutcome::Stopped(cause @ (StopCause::Cancel | StopCause::Deadline)) => {
            stopped(attempts, *cause)
        }
        _ => Ending::Finished(sanitize::clean_report(report)),
    }
}

fn stopped(attempts: &Attempts, cause: StopCause) -> Ending {
    match cause {
        StopCause::Cancel => Ending::Cancelled,
        StopCause::Deadline => Ending::Failed(attempts.overdue(), None),
        StopCause::Shutdown | StopCause::Lost => Ending::Released { interrupted: false },
    }
}

/// The panic's message goes to the log only: it may come from any library, and name paths of the server.
fn panic_report(panic: &(dyn Any + Send)) -> ErrorReport {
    let message =
        panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(message = message.unwrap_or("none"), "a job panicked");
    ErrorReport::message("the job panicked")
}
