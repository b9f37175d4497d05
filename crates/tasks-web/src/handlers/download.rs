//! Sends the result file of a task.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use longhaul_tasks::{ReportValue, ResultFile, Status, Task};
use tokio::{fs::File, io::AsyncReadExt as _};
use tokio_util::io::ReaderStream;

use crate::{ApiError, Renderer, state::TasksState};

/// How many bytes of a file are read at a time.
const CHUNK: usize = 64 * 1024;

/// `GET /tasks/{id}/download`. The file is open, so that all of it arrives even if the task is pruned meanwhile.
pub(crate) async fn download(
    State(state): State<Arc<TasksState>>,
    _: Renderer,
    request: Request,
) -> Result<Response, ApiError> {
    let (request, _) = request.into_parts();
    let task = state.task(&request).await?;
    require_success(&task)?;
    match state.tasks.result_file(task.id).await? {
        Some(file) => Ok(stream(file)),
        None if has_result_file(&task) => {
            Err(ApiError::bad_request("Result file does not exist or is not accessible"))
        }
        None => Err(ApiError::bad_request("Task result is not a file")),
    }
}

fn has_result_file(task: &Task) -> bool {
    let mut members = task.result.iter().flat_map(|report| report.members());
    members.any(|(_, node)| matches!(node, ReportValue::ResultFile { .. }))
}

/// Refuses if the task's status alone shows that there is no file.
fn require_success(task: &Task) -> Result<(), ApiError> {
    match task.status {
        Status::Waiting | Status::Running => {
            let message = format!("Task is not yet finished: {}", task.status);
            Err(ApiError::new(StatusCode::EXPECTATION_FAILED, message))
        }
        Status::Failed => {
            let why = task.error.as_ref().map_or("", |error| &error.message);
            let message = format!("Error getting command result: {why}");
            Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, message))
        }
        Status::Finished | Status::Cancelled => Ok(()),
    }
}

fn stream(file: ResultFile) -> Response {
    let media_type = HeaderValue::from_str(&file.media_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    // If the file is shorter than its length says, the connection is aborted, and the client notices.
    let bytes = File::from_std(file.file).take(file.length);
    let mut response = Response::new(Body::from_stream(ReaderStream::with_capacity(bytes, CHUNK)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::CONTENT_LENGTH, file.length.into());
    // A browser must not take a file that was made from foreign data for a page.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
