//! Sends the result file of a task.

use std::{sync::Arc, time::UNIX_EPOCH};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, request::Parts},
    response::Response,
};
use longhaul_tasks::{ReportValue, ResultFile, Status, Task, TaskId};

use crate::{
    ApiError, Ranges, ServedFile,
    state::{TasksRenderer, TasksState},
};

/// `GET /tasks/{id}/download`. The file is open, so that all of it arrives even if the task is pruned meanwhile.
pub(crate) async fn download(
    State(state): State<Arc<TasksState>>,
    _: TasksRenderer,
    request: Request,
) -> Result<Response, ApiError> {
    let (request, _) = request.into_parts();
    let task = state.task(&request).await?;
    require_success(&task)?;
    if !offers_file(&task) {
        return Err(ApiError::not_found("Task result is not a file"));
    }
    match state.tasks.result_file(task.id).await? {
        Some(file) => serve(task.id, file, &request),
        None => Err(ApiError::not_found("Result file does not exist or is not accessible")),
    }
}

/// Whether the result has a link to the file. A file without one is for the application only.
fn offers_file(task: &Task) -> bool {
    let mut members = task.result.iter().flat_map(|report| report.members());
    members.any(|(_, node)| matches!(node, ReportValue::ResultFile { .. }))
}

/// Refuses if the task's status alone shows that there is no file. The texts are GeoGig's.
fn require_success(task: &Task) -> Result<(), ApiError> {
    match task.status {
        Status::Waiting | Status::Running => {
            let message = format!("Task is not yet finished: {}", task.status);
            Err(ApiError::new(StatusCode::EXPECTATION_FAILED, message))
        }
        Status::Failed => {
            let why = task.error.as_ref().map_or("", |error| &error.message);
            let message = format!("Error getting command result: {why}");
            Err(ApiError::not_found(message))
        }
        Status::Finished | Status::Cancelled => Ok(()),
    }
}

fn serve(id: TaskId, file: ResultFile, request: &Parts) -> Result<Response, ApiError> {
    let media_type = HeaderValue::from_str(&file.media_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let served = ServedFile {
        tag: tag(id, &file),
        length: file.length,
        media_type,
        // A store that begins anew gives the same ids to other tasks.
        ranges: Ranges::IfRange,
        file: file.file,
    };
    served.respond(&request.method, &request.headers).map_err(|error| {
        tracing::error!(task = %id, %error, "a result file cannot be read");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "Result file cannot be read")
    })
}

/// A tag of this file and no other: a file is written once and never changed, so its time tells it from the files of tasks that
/// had the same id in another store.
fn tag(id: TaskId, file: &ResultFile) -> HeaderValue {
    let modified = file.file.metadata().and_then(|metadata| metadata.modified()).ok();
    let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let text = format!("\"{id}-{:x}-{:x}\"", file.length, since.as_nanos());
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("\"\""))
}
