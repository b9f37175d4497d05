//! Parameters in a body.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, StatusCode, header},
};
use tokio::time;

use crate::ApiError;

/// The longest form, in bytes.
const MAX_LENGTH: usize = 16 * 1024;
/// How long the client may take to send it.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A form, in the syntax of a query; empty if there is no body.
///
/// # Errors
/// 415 if the body is not a form, 413 if it is too long, 408 if it does not arrive in time.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<String, ApiError> {
    let bytes = time::timeout(TIMEOUT, to_bytes(body, MAX_LENGTH)).await;
    let bytes =
        bytes.map_err(|_| ApiError::new(StatusCode::REQUEST_TIMEOUT, "The body did not come in time."))?;
    let bytes = bytes.map_err(|_| {
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "The body could not be read, or is too long.")
    })?;
    if bytes.is_empty() {
        return Ok(String::new());
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let text = String::from_utf8(bytes.to_vec()).ok();
    let is_form = media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    text.filter(|_| is_form).ok_or_else(|| {
        let message = "Parameters stand in the query, or in a body that is a form.";
        ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
    })
}
