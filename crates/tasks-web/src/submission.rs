//! Tells the sender of a request what became of the job that it asked for.

use axum::{
    http::{StatusCode, header},
    response::Response,
};
use tasks::{SubmitError, Task};

use crate::{ApiError, Printer};

impl Printer {
    /// The new task's document, with 200; or why there is none: 429 with `Retry-After` where too many wait, 503 where the
    /// server is stopping or its store does not answer.
    pub fn submission(&self, outcome: Result<Task, SubmitError>) -> Response {
        match outcome {
            Ok(task) => self.response(StatusCode::OK, self.task(&task)),
            Err(error) => self.refused(error),
        }
    }

    fn refused(&self, error: SubmitError) -> Response {
        match error {
            SubmitError::QueueFull { retry_after } => {
                let mut response =
                    self.error(&ApiError::new(StatusCode::TOO_MANY_REQUESTS, error.to_string()));
                // Whole seconds, and rounded up: who comes too early is only refused again.
                let seconds = retry_after.as_millis().div_ceil(1000).clamp(1, u128::from(u32::MAX));
                response.headers_mut().insert(header::RETRY_AFTER, (seconds as u32).into());
                response
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
