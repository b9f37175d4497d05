//! Stops what has taken too long, and abandons what does not stop.

use std::{sync::Arc, time::Duration};

use super::{
    attempt::{Attempt, StopCause},
    attempts::Attempts,
};

/// How long until an attempt that is being sealed is checked again.
const RETRY: Duration = Duration::from_secs(1);

/// How long jobs may take.
pub(crate) struct Deadlines {
    pub(crate) attempts: Arc<Attempts>,
    /// How long a job that was told to stop may take to do so.
    pub(crate) grace: Duration,
}

impl Deadlines {
    /// Checks every attempt; when to check again.
    pub(crate) fn enforce(&self, now: Duration) -> Option<Duration> {
        let timeout = self.attempts.task_timeout?;
        self.attempts.all().iter().filter_map(|attempt| self.enforce_one(attempt, timeout, now)).min()
    }

    fn enforce_one(&self, attempt: &Arc<Attempt>, timeout: Duration, now: Duration) -> Option<Duration> {
        let deadline = attempt.begun.saturating_add(timeout);
        if now < deadline {
            return Some(deadline);
        }
        attempt.stop(StopCause::Deadline);
        let end_of_grace = attempt.overdue.get_or_init(|| now).saturating_add(self.grace);
        if now < end_of_grace {
            return Some(end_of_grace);
        }
        match attempt.abandon() {
            Some(cause) => self.attempts.abandon(attempt.clone(), cause),
            None if attempt.is_running_unsealed() => return Some(now.saturating_add(RETRY)),
            None => {}
        }
        None
    }
}
