//! What went wrong with a request, as its sender reads it.

use std::borrow::Cow;

use axum::http::StatusCode;
use longhaul_tasks::{Report, StoreError};

/// A status and a sentence; a [`Printer`](crate::Printer) puts it into the envelope
/// `<response><success>false</success><error>…</error></response>`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The response's status.
    pub status: StatusCode,
    /// What the client reads; it names nothing that is the server's own business. Left out of the envelope if empty.
    pub message: Cow<'static, str>,
}

impl ApiError {
    /// An error with the status and message given.
    pub fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into() }
    }

    /// 400: the request itself is wrong.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 403: the caller may not.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// 404: there is no such thing.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 405; the response needs an `Allow` header, too.
    pub fn method_not_allowed() -> Self {
        let message = "The request method is unsupported for this operation.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, message)
    }

    /// The members of the envelope.
    pub fn report(&self) -> Report {
        let report = Report::new().boolean("success", false);
        match self.message.is_empty() {
            true => report,
            false => report.text("error", self.message.as_ref()),
        }
    }
}

/// 503: the store of the tasks does not answer. Logged here, since the cause is none of the client's business.
impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let cause = std::error::Error::source(&error).map(tracing::field::display);
        tracing::error!(%error, cause, "the task store does not answer");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}
