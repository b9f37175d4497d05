//! What went wrong with a request, as its sender reads it.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use longhaul_tasks::{Report, ReportValue, StoreError, SubmitError};

use crate::{Format, Renderer};

/// `Retry-After` of a refusal that is temporary, unless it has one of its own, in seconds.
pub const RETRY_AFTER: u32 = 5;

/// A status and a sentence. The response has them in the envelope
/// `<response><success>false</success><error>…</error></response>`, or its like in JSON.
///
/// As an [`IntoResponse`] it is XML; the [`FormatLayer`](crate::FormatLayer) replaces that by the format asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The response's status.
    pub status: StatusCode,
    /// What the client reads. It must not reveal internals of the server. If empty, the envelope has no `error`.
    pub message: Cow<'static, str>,
    /// `Retry-After`, in seconds. A 429 or 503 without one has [`RETRY_AFTER`].
    pub retry_after: Option<u32>,
}

impl ApiError {
    /// An error with the status and message given.
    pub fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into(), retry_after: None }
    }

    /// 400: the request itself is wrong.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 403: the caller may not do this.
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

    /// 503: the client may try again later.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    fn retry_after(&self) -> Option<u32> {
        let is_temporary =
            matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        self.retry_after.or(is_temporary.then_some(RETRY_AFTER))
    }

    /// The members of the envelope.
    pub fn report(&self) -> Report {
        let report = Report::new().boolean("success", false);
        match self.message.is_empty() {
            true => report,
            false => report.text("error", self.message.as_ref()),
        }
    }

    /// The envelope.
    pub fn document(&self, format: Format) -> Vec<u8> {
        let renderer = Renderer { format, ..Renderer::default() };
        renderer.document("response", &ReportValue::Element(self.report()))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.document(Format::Xml)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, Format::Xml.content_type());
        headers.extend(self.retry_after().map(|seconds| (header::RETRY_AFTER, seconds.into())));
        response.extensions_mut().insert(self);
        response
    }
}

/// 503: the store of the tasks does not answer. The cause is logged here and not sent to the client.
impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let cause = std::error::Error::source(&error).map(tracing::field::display);
        tracing::error!(%error, cause, "the task store does not answer");
        Self::unavailable(error.to_string())
    }
}

/// 429 with `Retry-After` if too many tasks are waiting or stored, 422 if the idempotency key was used for another request, 503
/// if the server is stopping or drained, or its store does not answer.
impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        let with = |status| Self::new(status, error.to_string());
        match error {
            SubmitError::QueueFull { retry_after }
            | SubmitError::OwnerLimit { retry_after }
            | SubmitError::StoreFull { retry_after } => {
                // Rounded up: a client that comes too early is refused again.
                let seconds = retry_after.as_millis().div_ceil(1000).clamp(1, u128::from(u32::MAX));
                Self { retry_after: Some(seconds as u32), ..with(StatusCode::TOO_MANY_REQUESTS) }
            }
            SubmitError::KeyReused => with(StatusCode::UNPROCESSABLE_ENTITY),
            SubmitError::Stopping | SubmitError::Draining => with(StatusCode::SERVICE_UNAVAILABLE),
            SubmitError::Store(error) => error.into(),
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "a job was not accepted");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_temporary_refusal_says_when_to_come_again() {
        let retry_after = |error: ApiError| {
            let response = error.into_response();
            response
                .headers()
                .get(header::RETRY_AFTER)
                .map(|value| value.to_str().expect("a number").to_owned())
        };
        let full = SubmitError::QueueFull { retry_after: std::time::Duration::from_millis(7_001) };
        assert_eq!(retry_after(full.into()).as_deref(), Some("8"));
        assert_eq!(retry_after(SubmitError::Stopping.into()).as_deref(), Some("5"));
        assert_eq!(retry_after(ApiError::unavailable("")).as_deref(), Some("5"));
        assert_eq!(retry_after(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "")).as_deref(), Some("5"));
        assert_eq!(retry_after(ApiError::bad_request("")), None);
    }
}
