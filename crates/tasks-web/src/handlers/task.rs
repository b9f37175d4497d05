use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use longhaul_tasks::{Status, Task};
use tokio::time;

use crate::{
    etag,
    params::Query,
    prefer::Wait,
    rendered::RenderedDocument,
    state::{TasksRenderer, TasksState},
    task_action::{TaskAction, TaskQuery},
    {ApiError, Permit, Renderer},
};

/// `GET /tasks/{id}`: the task, at once or after a change; also cancels or prunes it.
pub(crate) async fn show(
    State(state): State<Arc<TasksState>>,
    TasksRenderer(renderer): TasksRenderer,
    Query(query): Query<TaskQuery>,
    request: Request,
) -> Result<Response, ApiError> {
    let (request, _) = request.into_parts();
    if let Some(action) = query.action(&request.method) {
        return act(&state, action, &renderer, &request).await;
    }
    state.counts.count_poll();
    let task = state.task(&request).await?;
    match Wait::of(query.wait, renderer.wait) {
        Some(wait) if !task.status.has_ended() => {
            // A long poll's future is much larger than a poll's.
            Box::pin(long_poll(&state, &renderer, &request, task, wait)).await
        }
        _ if task.status.has_ended() => {
            let document = state.ended.get(&task, &renderer);
            Ok(unless_cached(&request, respond(&renderer, task.status, document)))
        }
        _ => Ok(unless_cached(&request, document(&renderer, &task))),
    }
}

/// `DELETE /tasks/{id}`: cancels an unfinished task, prunes a finished or failed one.
pub(crate) async fn delete(
    State(state): State<Arc<TasksState>>,
    TasksRenderer(renderer): TasksRenderer,
    request: Request,
) -> Result<Response, ApiError> {
    act(&state, TaskAction::Delete, &renderer, &request.into_parts().0).await
}

async fn act(
    state: &TasksState,
    action: TaskAction,
    renderer: &Renderer,
    request: &Parts,
) -> Result<Response, ApiError> {
    state.origins.admit(&request.headers, &renderer.base)?;
    let task = state.act(action, request).await?;
    Ok(document(renderer, &task))
}

/// The task's document once it differs from the one that the client has; the current one when the time is up.
async fn long_poll(
    state: &TasksState,
    renderer: &Renderer,
    request: &Parts,
    task: Task,
    wait: Wait,
) -> Result<Response, ApiError> {
    state.counts.count_long_poll();
    let current = RenderedDocument::new(renderer.task(&task));
    let is_conditional = request.headers.contains_key(header::IF_NONE_MATCH);
    let mut response = if is_conditional && !etag::is_held(&request.headers, &current.etag) {
        respond(renderer, task.status, current)
    } else {
        let changed = state.events.changed(task.id, renderer, &current.etag);
        match time::timeout(wait.time, changed).await.ok().flatten() {
            Some(snapshot) if state.access.permit(request, snapshot.task()) >= Permit::See => {
                respond(renderer, snapshot.task().status, snapshot.document(renderer))
            }
            _ => {
                let task = state.task(request).await?;
                unless_cached(request, document(renderer, &task))
            }
        }
    };
    if let Some(applied) = wait.applied() {
        response.headers_mut().insert("preference-applied", applied);
    }
    Ok(response)
}

/// The task's document as a response.
pub(crate) fn document(renderer: &Renderer, task: &Task) -> Response {
    respond(renderer, task.status, RenderedDocument::new(renderer.task(task)))
}

/// A task's document with its entity tag and, if the task has not ended, the time until the next poll.
fn respond(renderer: &Renderer, status: Status, document: RenderedDocument) -> Response {
    let mut response = Response::new(Body::from(document.bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, renderer.format.content_type());
    headers.insert(header::ETAG, document.etag);
    if !status.has_ended() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// The response; 304 if the client has this document already.
fn unless_cached(request: &Parts, response: Response) -> Response {
    let is_held = |etag| etag::is_held(&request.headers, etag);
    if !response.headers().get(header::ETAG).is_some_and(is_held) {
        return response;
    }
    let (mut head, _) = response.into_parts();
    head.status = StatusCode::NOT_MODIFIED;
    head.headers.remove(header::CONTENT_TYPE);
    Response::from_parts(head, Body::empty())
}
