//! Streams of what happens to tasks, as server-sent events (WHATWG HTML, 9.2).
//!
//! | event | data | |
//! |---|---|---|
//! | `task` | the task's document | the task has changed |
//! | `gone` | its id | the task was pruned |
//! | `reset` | nothing | events may be missing: read the list, and continue from here |
//!
//! A task's own stream begins with its newest document and ends with its last one. Each event has an id; a client that
//! reconnects with it in `Last-Event-ID` gets what has happened since, as long as that is buffered, and otherwise starts anew.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    ApiError,
    event_stream::{EventId, Subscription},
    state::{TasksRenderer, TasksState},
};

/// `GET /tasks/events`.
pub(crate) async fn of_all(
    State(state): State<Arc<TasksState>>,
    TasksRenderer(renderer): TasksRenderer,
    request: Request,
) -> Result<Response, ApiError> {
    let (request, _) = request.into_parts();
    if request.method == Method::HEAD {
        return Ok(response(Body::empty()));
    }
    state.counts.count_stream();
    let last = last_event_id(&request.headers);
    let stream = state.events.subscribe_to_all(request, renderer, last)?;
    Ok(response(Body::from_stream(stream)))
}

/// `GET /tasks/{id}/events`.
pub(crate) async fn of_task(
    State(state): State<Arc<TasksState>>,
    TasksRenderer(renderer): TasksRenderer,
    request: Request,
) -> Result<Response, ApiError> {
    let (request, _) = request.into_parts();
    let task = state.task(&request).await?;
    if request.method == Method::HEAD {
        return Ok(response(Body::empty()));
    }
    state.counts.count_stream();
    let last = last_event_id(&request.headers);
    match state.events.subscribe(task.id, request.clone(), renderer, last).await? {
        Subscription::Stream(stream) => Ok(response(Body::from_stream(stream))),
        // A browser does not connect again after this status.
        Subscription::NothingMore => Ok(StatusCode::NO_CONTENT.into_response()),
        Subscription::Gone => {
            state.task(&request).await?;
            Err(ApiError::unavailable("The task cannot be followed now."))
        }
    }
}

/// The id of the last event that the client has received, if it sends one of ours.
fn last_event_id(headers: &HeaderMap) -> Option<EventId> {
    headers.get("last-event-id")?.to_str().ok()?.trim().parse().ok()
}

fn response(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Keeps nginx from buffering events.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
