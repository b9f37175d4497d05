//! Errors on their way to a client; the one place where they get a status.

use std::error::Error;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use longhaul_repository::{ReadError, RepositoriesError};
use longhaul_tasks::SubmitError;
use longhaul_tasks_web::{ApiError, Printer};

use crate::upload::UploadError;

/// Why a request is not granted.
#[derive(Debug)]
pub(super) enum Refusal {
    /// For a reason of ours.
    Error(ApiError),
    /// The engine takes no job now.
    Submit(SubmitError),
    /// 400, as plain text: the complaint, and how to ask. Clients of GeoGig's OpenStreetMap commands know it so.
    Usage(String),
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

impl From<SubmitError> for Refusal {
    fn from(error: SubmitError) -> Self {
        Self::Submit(error)
    }
}

impl Refusal {
    /// The envelope, with `Retry-After` where it pays to ask again.
    pub(super) fn response(self, printer: &Printer) -> Response {
        let mut response = match self {
            Self::Error(error) => printer.error(&error),
            Self::Submit(error) => printer.refusal(error),
            Self::Usage(text) => {
                let plain = [(header::CONTENT_TYPE, "text/plain;charset=UTF-8")];
                (StatusCode::BAD_REQUEST, plain, text).into_response()
            }
        };
        let passes =
            matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        if passes {
            let soon = HeaderValue::from_static("5");
            response.headers_mut().entry(header::RETRY_AFTER).or_insert(soon);
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

pub(super) fn upload(error: UploadError) -> ApiError {
    let status = match &error {
        UploadError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        UploadError::NoSpace => StatusCode::INSUFFICIENT_STORAGE,
        UploadError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        UploadError::Stalled => StatusCode::REQUEST_TIMEOUT,
        UploadError::Io(_) => return internal(error),
        UploadError::Malformed(_)
        | UploadError::LongTexts
        | UploadError::LongTextFiles
        | UploadError::NotUtf8
        | UploadError::SeveralFiles
        | UploadError::Cut => StatusCode::BAD_REQUEST,
    };
    ApiError::new(status, error.to_string())
}
