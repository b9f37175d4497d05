//! Work that nothing else may touch a repository during.

use std::time::Duration;

use axum::http::StatusCode;
use tasks::{Job, Status, Submission, Task, TaskId};
use tasks_web::ApiError;
use tokio::time;

use super::{Web, failure};

/// How long a request may wait for the repository's other tasks.
const PATIENCE: Duration = Duration::from_secs(5);

impl Web {
    /// Runs a job on the repository's lane and waits for its end; so no task that reads or writes the repository runs
    /// meanwhile. The task leaves no trace.
    ///
    /// # Errors
    /// 503 if the repository stays busy.
    pub(super) async fn run_alone<J: Job>(&self, job: J) -> Result<Task, ApiError> {
        let id = self.tasks.submit(job, Submission::default()).await.map_err(failure::submit)?.id;
        let ended = match time::timeout(PATIENCE, self.ended(id)).await {
            Ok(ended) => ended?,
            Err(_) => {
                self.tasks.cancel(id).await.map_err(failure::store)?;
                self.ended(id).await?
            }
        };
        self.tasks.prune(id).await.map_err(failure::store)?;
        match ended.status {
            Status::Cancelled => {
                let message = "The repository is busy; please try again when its tasks have ended.";
                Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message))
            }
            _ => Ok(ended),
        }
    }

    async fn ended(&self, id: TaskId) -> Result<Task, ApiError> {
        self.tasks.wait(id).await.map_err(failure::store)?.ok_or_else(failure::unexplained)
    }
}
