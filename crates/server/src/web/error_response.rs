//! Errors as responses. Only here they get a status.

use std::error::Error;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use longhaul_repository::{ReadError, RepositoriesError};
use longhaul_tasks::SubmitError;
use longhaul_tasks_web::ApiError;

use super::http_counts::Refusal;
use crate::upload::UploadError;

/// The error of a handler.
#[derive(Debug)]
pub(super) enum ErrorResponse {
    Api(ApiError),
    /// For a reason that is counted.
    Refused(ApiError, Refusal),
    /// 400 in plain text: the complaint and the usage. This is the form that clients of GeoGig's OpenStreetMap commands know.
    Usage(String),
}

impl From<ApiError> for ErrorResponse {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<SubmitError> for ErrorResponse {
    fn from(error: SubmitError) -> Self {
        let reason = match &error {
            SubmitError::QueueFull { .. } => "queue_full",
            SubmitError::OwnerLimit { .. } => "user_limit",
            SubmitError::StoreFull { .. } => "tasks_kept",
            SubmitError::Draining => "drained",
            SubmitError::Stopping => "stopping",
            SubmitError::Store(_) => "store_failed",
            _ => return Self::Api(error.into()),
        };
        Self::Refused(error.into(), Refusal(reason))
    }
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Api(error) => error.into_response(),
            Self::Refused(error, refusal) => {
                let mut response = error.into_response();
                response.extensions_mut().insert(refusal);
                response
            }
            Self::Usage(text) => {
                let plain = [(header::CONTENT_TYPE, "text/plain;charset=UTF-8")];
                (StatusCode::BAD_REQUEST, plain, text).into_response()
            }
        }
    }
}

/// 500 for a reason that is only logged.
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

/// 500 for a reason that has been logged already.
pub(super) fn unexplained() -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong; the server's log says what.")
}

pub(super) fn of_read(error: ReadError) -> ApiError {
    match error {
        ReadError::UnknownRevision(revision) => {
            ApiError::bad_request(format!("Object not found '{revision}'"))
        }
        error @ (ReadError::InvalidBranch(_) | ReadError::UnknownPath(_) | ReadError::InvalidValue(_)) => {
            ApiError::bad_request(error.to_string())
        }
        error => internal(error),
    }
}

pub(super) fn of_repositories(error: RepositoriesError) -> ApiError {
    match error {
        RepositoriesError::NotFound(_) => ApiError::not_found("Repository not found."),
        error @ (RepositoriesError::Taken(_) | RepositoriesError::SameName(_)) => {
            ApiError::new(StatusCode::CONFLICT, error.to_string())
        }
        error @ RepositoriesError::NotSelfContained { .. } => ApiError::forbidden(error.to_string()),
        error @ (RepositoriesError::InvalidName(_) | RepositoriesError::InvalidBranch(_)) => {
            ApiError::bad_request(error.to_string())
        }
        error => internal(error),
    }
}

pub(super) fn of_upload(error: UploadError) -> ErrorResponse {
    let (status, reason) = match &error {
        UploadError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        UploadError::NoSpace => (StatusCode::INSUFFICIENT_STORAGE, "disk_full"),
        UploadError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "uploads_busy"),
        UploadError::Stalled => (StatusCode::REQUEST_TIMEOUT, "stalled"),
        UploadError::Io(_) => return internal(error).into(),
        UploadError::NoBoundary
        | UploadError::Malformed(_)
        | UploadError::LongTexts
        | UploadError::LongTextFiles
        | UploadError::NotUtf8
        | UploadError::SeveralFiles
        | UploadError::Cut => return ApiError::bad_request(error.to_string()).into(),
    };
    ErrorResponse::Refused(ApiError::new(status, error.to_string()), Refusal(reason))
}
