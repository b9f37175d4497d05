//! What becomes of tasks whose worker is gone.

use std::sync::Arc;

use parking_lot::Mutex;
use pollster::block_on;

use super::{
    attempts::Attempts,
    job_outcome::Ending,
    publication::{Publication, Publisher},
};
use crate::{
    ErrorReport, Recoveries, Status,
    store::{Orphan, StoreError},
};

/// Takes over what other workers have left.
pub(crate) struct Recovery {
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) publisher: Arc<Publisher>,
    pub(crate) recoveries: Arc<Mutex<Recoveries>>,
    /// How often a task may be interrupted before it fails.
    pub(crate) max_attempts: u32,
}

impl Recovery {
    /// Takes over every interrupted task: a sealed one is published and FINISHED, one with a cancel is CANCELLED, every other
    /// waits to run again from the start. Blocks.
    ///
    /// # Errors
    /// When the store cannot say what was interrupted.
    pub(crate) fn recover(&self) -> Result<(), StoreError> {
        for orphan in block_on(self.attempts.store.recover())? {
            self.recover_one(orphan);
        }
        Ok(())
    }

    fn recover_one(&self, orphan: Orphan) {
        let (seal, ending) = (orphan.seal.clone(), self.ending_of_unsealed(&orphan));
        let attempt = self.attempts.adopt(orphan);
        let ending = match seal {
            None => Some(ending),
            Some(seal) => {
                let (attempt, intent) = (attempt.clone(), seal.intent.clone());
                self.publisher.complete(Publication { attempt, intent, failure: None })
            }
        };
        match ending {
            Some(ending) => {
                let status = block_on(self.attempts.end(&attempt, ending));
                tracing::info!(task = %attempt.id(), ?status, "an interrupted task was recovered");
                if let Some(status) = status {
                    self.recoveries.lock().count(status);
                }
            }
            None => self.recoveries.lock().count(Status::Running),
        }
    }

    fn ending_of_unsealed(&self, orphan: &Orphan) -> Ending {
        match !orphan.cancel_requested && orphan.interruptions + 1 >= self.max_attempts {
            true => Ending::Failed(interrupted(self.max_attempts), None),
            false => Ending::Released { interrupted: true },
        }
    }

    /// Removes the result files that an earlier process left and no task owns. Called before anything runs.
    ///
    /// # Errors
    /// When the store cannot say which tasks there are.
    pub(crate) fn remove_leftovers(&self) -> Result<(), StoreError> {
        let Ok(results) = self.attempts.files.results() else { return Ok(()) };
        let leftovers = match results.leftovers() {
            Ok(leftovers) => leftovers,
            Err(error) => {
                tracing::warn!(%error, "could not look for result files without a task");
                return Ok(());
            }
        };
        for leftover in leftovers {
            let record = block_on(self.attempts.store.get(leftover.id))?;
            let is_owned = record.is_some_and(|record| match record.task.status {
                Status::Waiting => false,
                // Its recovery may publish the file.
                Status::Running => true,
                _ => leftover.is_published && record.download.is_some(),
            });
            if !is_owned {
                leftover.remove();
            }
        }
        Ok(())
    }
}

fn interrupted(times: u32) -> ErrorReport {
    let times = match times {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        times => format!("{times} times"),
    };
    ErrorReport::message(format!("interrupted {times} by the end of the server, and not started again"))
}
