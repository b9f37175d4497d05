//! Parameters that stand in a body.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, StatusCode, header},
};
use tokio::time;

use crate::ApiError;

/// The longest form, in bytes.
const LONGEST: usize = 16 * 1024;
/// How long it may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A form, written like a query; nothing, where there is none.
///
/// # Errors
/// 415 for a body that is no form, 413 for one that is too long, 408 for one that does not come.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<String, ApiError> {
    let bytes = time::timeout(PATIENCE, to_bytes(body, LONGEST)).await;
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
