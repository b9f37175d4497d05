//! The task id in a path.

use std::borrow::Cow;

use axum::http::request::Parts;
use longhaul_tasks::TaskId;
use percent_encoding::percent_decode_str;

use crate::{ApiError, characters::excerpt};

/// The id in the path `/tasks/{id}…`.
///
/// # Errors
/// 404 if it is not a number.
pub(crate) fn task_id(request: &Parts) -> Result<TaskId, ApiError> {
    let text = segment(request);
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).map(TaskId).ok_or_else(|| task_not_found(request))
}

/// The error about a task that does not exist, or that the caller may not see.
pub(crate) fn task_not_found(request: &Parts) -> ApiError {
    ApiError::not_found(format!("Task not found: {}", excerpt(&segment(request), 64)))
}

/// Not axum's `Path`: that has an error text of its own for what is not UTF-8.
fn segment(request: &Parts) -> Cow<'_, str> {
    let segment = request.uri.path().split('/').nth(2).unwrap_or_default();
    percent_decode_str(segment).decode_utf8_lossy()
}
