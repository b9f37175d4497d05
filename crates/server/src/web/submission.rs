//! Handing a job to the engine, and answering with its task.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use tasks::{Job, Submission, Task};

use super::{
    Web,
    app::Call,
    failure::{self, Refusal},
};
use crate::upload::ReceivedFile;

/// Hands the file over with the job, even if the client leaves meanwhile: a task that was accepted must have its file.
pub(super) async fn submit<J: Job>(web: &Web, job: J, file: Option<ReceivedFile>) -> Result<Task, Refusal> {
    let tasks = web.tasks.clone();
    let submitting = tokio::spawn(async move {
        let files = file.iter().map(|file| file.file.path().to_owned()).collect();
        let task = tasks.submit(job, Submission { files, ..Submission::default() }).await?;
        if let Some(file) = file {
            file.file.keep();
        }
        Ok(task)
    });
    submitting.await.map_err(|_| failure::unexplained())?
}

/// The new task's document; with the manners of `202 Accepted` for who asks for them.
pub(super) fn response(call: &Call, task: &Task) -> Response {
    let mut response = call.printer.response(StatusCode::OK, call.printer.task(task));
    if prefers_async(&call.request.headers) {
        accepted(&mut response, call.printer.base.as_str(), task);
    }
    response
}

/// Whether the client asks for those manners (RFC 7240).
fn prefers_async(headers: &HeaderMap) -> bool {
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    preferences
        .flat_map(|value| value.split(','))
        .any(|preference| preference.trim().eq_ignore_ascii_case("respond-async"))
}

fn accepted(response: &mut Response, base: &str, task: &Task) {
    *response.status_mut() = StatusCode::ACCEPTED;
    let headers = response.headers_mut();
    headers.insert("preference-applied", HeaderValue::from_static("respond-async"));
    if let Ok(location) = HeaderValue::from_str(&format!("{base}/tasks/{}", task.id)) {
        headers.insert(header::LOCATION, location);
    }
}
