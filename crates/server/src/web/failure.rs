//! Errors on their way to a client; the one place where they get a status.

use std::{error::Error, time::Duration};

use axum::{
    http::{StatusCode, header},
    response::Response,
};
use repository::{ReadError, RepositoriesError};
use tasks::{StoreError, SubmitError};
use tasks_web::{ApiError, Printer};

use crate::upload::UploadError;

/// Why a request is not granted, and when it may be.
#[derive(Debug)]
pub(super) struct Refusal {
    error: ApiError,
    retry_after: Option<Duration>,
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        let passes = matches!(error.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        Self { error, retry_after: passes.then_some(Duration::from_secs(5)) }
    }
}

impl Refusal {
    /// The envelope, with `Retry-After` where it pays to ask again.
    pub(super) fn response(&self, printer: &Printer) -> Response {
        let mut response = printer.error(&self.error);
        if let Some(pause) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, pause.as_secs().max(1).into());
        }
        response
    }
}

/// 500 for a reason that is nobody's business but the log's.
pub(super) fn internal(error: impl Error) -> ApiError {
    let mut chain = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        chain.push_str(": caused by: ");
        chain.push_str(&error.to_string());
        cause = error.source();
    }
    tracing::error!(error = chain, "a request failed");
    unexplained()
}

/// 500 for a reason that is in the log already.
pub(super) fn unexplained() -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong; the server's log says what.")
}

pub(super) fn read(error: ReadError) -> ApiError {
    match error {
        ReadError::UnknownRevision(revision) => {
            ApiError::bad_request(format!("Object not found '{revision}'"))
        }
        error @ (ReadError::InvalidBranch(_) | ReadError::UnknownPath(_)) => {
            ApiError::bad_request(error.to_string())
        }
        error => internal(error),
    }
}

pub(super) fn repositories(error: RepositoriesError) -> ApiError {
    match error {
        RepositoriesError::NotFound(_) => ApiError::not_found("Repository not found."),
        error @ (RepositoriesError::Taken(_) | RepositoriesError::SameName(_)) => {
            ApiError::new(StatusCode::CONFLICT, error.to_string())
        }
        error @ (RepositoriesError::InvalidName(_) | RepositoriesError::InvalidBranch(_)) => {
            ApiError::bad_request(error.to_string())
        }
        error => internal(error),
    }
}

pub(super) fn submit(error: SubmitError) -> Refusal {
    match error {
        SubmitError::QueueFull { retry_after } => {
            let message = "Too many tasks are waiting; please try again later.";
            let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, message);
            Refusal { error, retry_after: Some(retry_after) }
        }
        SubmitError::Stopping => {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "The server is stopping.").into()
        }
        error => internal(error).into(),
    }
}

pub(super) fn store(error: StoreError) -> ApiError {
    internal(error)
}

pub(super) fn upload(error: UploadError) -> ApiError {
    let status = match &error {
        UploadError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        UploadError::NoSpace => StatusCode::INSUFFICIENT_STORAGE,
        UploadError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        UploadError::Stalled => StatusCode::REQUEST_TIMEOUT,
        UploadError::Io(_) => return internal(error),
        UploadError::Malformed(_)
        | UploadError::LongTexts
        | UploadError::NotUtf8
        | UploadError::SeveralFiles
        | UploadError::Cut => StatusCode::BAD_REQUEST,
    };
    ApiError::new(status, error.to_string())
}
