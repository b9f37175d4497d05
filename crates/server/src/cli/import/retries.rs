use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::cli::{client::ClientError, tasks::ProgressDisplay};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Tries that follow failed ones, after pauses that grow, until the time is up.
pub(super) struct Retries {
    end: Instant,
    pause: Duration,
}

impl Retries {
    pub(super) fn new(time: Duration) -> Self {
        Self { end: Instant::now() + time, pause: FIRST_PAUSE }
    }

    /// Waits before the next try. Returns the error if the time is up, or if another try cannot help.
    pub(super) async fn pause(
        &mut self,
        error: ClientError,
        display: &ProgressDisplay,
    ) -> Result<(), ClientError> {
        if !error.is_transient() || Instant::now() + self.pause > self.end {
            return Err(error);
        }
        display.message(&format!("{error}; trying again in {} s", self.pause.as_secs()));
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}
