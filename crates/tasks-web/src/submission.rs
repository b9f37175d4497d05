//! Tells the sender of a request what became of the job that it asked for.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use longhaul_tasks::{SubmitError, Task, Tasks};
use tokio::time;

use crate::{ApiError, Printer, answers, prefer};

impl Printer {
    /// The document of the task that was submitted to `tasks`, or the [refusal](Self::refusal).
    ///
    /// It is told at once, as a new task; for who prefers to wait, once the task has ended or the time is up. The status is 200,
    /// or for who prefers that, 202 with a `Location`; what has ended needs no second look, and is 200 in any case.
    /// No rule of [`TasksWeb`](crate::TasksWeb) is asked: who submits a task, or repeats a submit by its key, sees what became of it.
    pub async fn submission(&self, tasks: &Tasks, outcome: Result<Task, SubmitError>) -> Response {
        match outcome {
            Ok(task) => self.accepted(&self.awaited(tasks, task).await),
            Err(error) => self.refusal(error),
        }
    }

    /// The task once it has ended, or when the time is up; as it was, if it is gone by then.
    async fn awaited(&self, tasks: &Tasks, task: Task) -> Task {
        let Some(wait) = self.wait else { return task };
        let seen = match time::timeout(wait, tasks.ended(task.id)).await {
            Ok(ended) => ended,
            Err(_) => tasks.get(task.id).await,
        };
        // It has been accepted, whether it can be seen now or not.
        seen.ok().flatten().unwrap_or(task)
    }

    fn accepted(&self, task: &Task) -> Response {
        let is_async = self.respond_async && !task.status.has_ended();
        let mut response = answers::document(self, task);
        if is_async {
            *response.status_mut() = StatusCode::ACCEPTED;
            let location = HeaderValue::from_str(&format!("{}/tasks/{}", self.base.as_str(), task.id));
            response.headers_mut().extend(location.ok().map(|location| (header::LOCATION, location)));
        }
        if let Some(applied) = prefer::applied(is_async, self.wait) {
            response.headers_mut().insert("preference-applied", applied);
        }
        response
    }

    /// Why there is no new task: 429 with `Retry-After` where too many wait or are kept, 422 where its key was used for something
    /// else, 503 where the server is stopping or its store does not answer.
    pub fn refusal(&self, error: SubmitError) -> Response {
        match error {
            SubmitError::QueueFull { retry_after }
            | SubmitError::OwnerLimit { retry_after }
            | SubmitError::StoreFull { retry_after } => {
                let mut response =
                    self.error(&ApiError::new(StatusCode::TOO_MANY_REQUESTS, error.to_string()));
                // Whole seconds, and rounded up: who comes too early is only refused again.
                let seconds = retry_after.as_millis().div_ceil(1000).clamp(1, u128::from(u32::MAX));
                response.headers_mut().insert(header::RETRY_AFTER, (seconds as u32).into());
                response
            }
            SubmitError::KeyReused => {
                self.error(&ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))
            }
            SubmitError::Stopping => {
                self.error(&ApiError::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))
            }
            SubmitError::Store(error) => self.error(&error.into()),
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "a job was not accepted");
                self.error(&ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
            }
        }
    }
}
