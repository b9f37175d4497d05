//! Streams of what happens to tasks, as server-sent events (WHATWG HTML, 9.2).
//!
//! | event | data | |
//! |---|---|---|
//! | `task` | the task's document | it is as the document says |
//! | `gone` | its id | it was forgotten |
//! | `reset` | nothing | something may have been missed: read the list, and go on from here |
//!
//! A task's own stream begins with its newest document and ends with its last one. Each event has an id; who comes back
//! with it in `Last-Event-ID` gets what happened since, as long as that is kept, and otherwise begins anew.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::follow::{EventId, Stream};

/// The stream as a response.
pub(crate) fn response(stream: Stream) -> Response {
    with_headers(Body::from_stream(stream))
}

/// The head of a stream that nobody reads.
pub(crate) fn head() -> Response {
    with_headers(Body::empty())
}

/// 204, by which a browser knows that it need not connect again.
pub(crate) fn nothing_more() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// The last event that the reader was told of, if it says so in a way that we understand.
pub(crate) fn last(headers: &HeaderMap) -> Option<EventId> {
    headers.get("last-event-id")?.to_str().ok()?.trim().parse().ok()
}

fn with_headers(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Or nginx would gather events before it passes them on.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
