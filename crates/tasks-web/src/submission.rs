//! Tells the sender of a request what became of the job that it asked for.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use tasks::{SubmitError, Task};

use crate::{ApiError, Printer, answers};

impl Printer {
    /// The new task's document, with 200, or with 202 and a `Location` for who prefers that; or why there is none: 429 with
    /// `Retry-After` where too many wait or are kept, 422 where its key was used for something else, 503 where the server is
    /// stopping or its store does not answer.
    pub fn submission(&self, outcome: Result<Task, SubmitError>) -> Response {
        match outcome {
            Ok(task) => self.accepted(&task),
            Err(error) => self.refused(error),
        }
    }

    fn accepted(&self, task: &Task) -> Response {
        let mut response = answers::document(self, task);
        if self.respond_async {
            *response.status_mut() = StatusCode::ACCEPTED;
            let headers = response.headers_mut();
            headers.insert("preference-applied", HeaderValue::from_static("respond-async"));
            if let Ok(location) = HeaderValue::from_str(&format!("{}/tasks/{}", self.base.as_str(), task.id))
            {
                headers.insert(header::LOCATION, location);
            }
        }
        response
    }

    fn refused(&self, error: SubmitError) -> Response {
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
