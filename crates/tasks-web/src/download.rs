//! Hands out the file that a task made.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use longhaul_tasks::{Node, ResultFile, Status, Task, Tasks};
use tokio::{fs::File, io::AsyncReadExt as _};
use tokio_util::io::ReaderStream;

use crate::ApiError;

/// How much of a file is read at a time, in bytes.
const CHUNK: usize = 64 * 1024;

/// The file as a response; it is open, so that it arrives whole even if the task is forgotten meanwhile.
pub(crate) async fn of(tasks: &Tasks, task: &Task) -> Result<Response, ApiError> {
    has_file_to_come(task)?;
    match tasks.result_file(task.id).await? {
        Some(file) => Ok(stream(file)),
        None if promises_a_file(task) => {
            Err(ApiError::bad_request("Result file does not exist or is not accessible"))
        }
        None => Err(ApiError::bad_request("Task result is not a file")),
    }
}

fn promises_a_file(task: &Task) -> bool {
    let mut members = task.result.iter().flat_map(|report| report.members());
    members.any(|(_, node)| matches!(node, Node::ResultFile { .. }))
}

/// Refuses where the task's state alone says that there is no file.
fn has_file_to_come(task: &Task) -> Result<(), ApiError> {
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
    // Should the file be shorter than promised, the connection breaks off, and the client knows.
    let bytes = File::from_std(file.file).take(file.length);
    let mut response = Response::new(Body::from_stream(ReaderStream::with_capacity(bytes, CHUNK)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::CONTENT_LENGTH, file.length.into());
    // What a job made of foreign data must not be taken for a page.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
