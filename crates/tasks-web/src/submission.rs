//! The response to a request that submits a job.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use longhaul_tasks::{SubmitError, Task, Tasks};
use tokio::time;

use crate::{ApiError, Renderer, handlers::task, prefer};

impl Renderer {
    /// The document of the task that was submitted to `tasks`, or the [`ApiError`] of the refusal.
    ///
    /// With `Prefer: wait` it is sent once the task has ended or the time is up, otherwise at once. The status is 200; with
    /// `Prefer: respond-async` and as long as the task has not ended it is 202, with a `Location`. The access rule of
    /// [`TasksWeb`](crate::TasksWeb) is not asked: who submits a task, or repeats that with the same key, sees its result.
    pub async fn submission(&self, tasks: &Tasks, outcome: Result<Task, SubmitError>) -> Response {
        match outcome {
            Ok(task) => self.accepted(&self.awaited(tasks, task).await),
            Err(error) => ApiError::from(error).into_response(),
        }
    }

    /// The task when it has ended or the time is up; if it is gone by then, the task as it was.
    async fn awaited(&self, tasks: &Tasks, task: Task) -> Task {
        let Some(wait) = self.wait else { return task };
        let seen = match time::timeout(wait, tasks.ended(task.id)).await {
            Ok(ended) => ended,
            Err(_) => tasks.get(task.id).await,
        };
        // If the store does not answer now, the task has been accepted all the same.
        seen.ok().flatten().unwrap_or(task)
    }

    fn accepted(&self, task: &Task) -> Response {
        let is_async = self.respond_async && !task.status.has_ended();
        let mut response = task::document(self, task);
        if is_async {
            *response.status_mut() = StatusCode::ACCEPTED;
            let address = format!("{}/tasks/{}{}", self.base.as_str(), task.id, self.format.suffix());
            let location = HeaderValue::from_str(&address);
            response.headers_mut().extend(location.ok().map(|location| (header::LOCATION, location)));
        }
        if let Some(applied) = prefer::applied(is_async, self.wait) {
            response.headers_mut().insert("preference-applied", applied);
        }
        response
    }
}
