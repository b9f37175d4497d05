//! The server about itself.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use longhaul_tasks::{Report, Tasks};
use longhaul_tasks_web::{RETRY_AFTER, Renderer};

use super::readiness;
use crate::upload::Receiver;

/// `GET /healthz`: 200 as long as the server is up; the text says whether it is ready.
pub(super) async fn health(
    _: Renderer,
    State(tasks): State<Tasks>,
    State(receiver): State<Arc<Receiver>>,
) -> Response {
    match readiness::check(&tasks, &receiver).await {
        Ok(()) => "ok\n".into_response(),
        Err(why) => format!("up, but not ready: {why}\n").into_response(),
    }
}

/// `GET /readyz`: 200 if it accepts new tasks; otherwise 503, and why not.
pub(super) async fn readiness(
    _: Renderer,
    State(tasks): State<Tasks>,
    State(receiver): State<Arc<Receiver>>,
) -> Response {
    match readiness::check(&tasks, &receiver).await {
        Ok(()) => "ready\n".into_response(),
        Err(why) => {
            let retry_after = [(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER))];
            (StatusCode::SERVICE_UNAVAILABLE, retry_after, format!("not ready: {why}\n")).into_response()
        }
    }
}

/// `GET /version`.
pub(super) async fn version(renderer: Renderer) -> Response {
    let report =
        Report::new().text("ProjectName", "Longhaul").text("ProjectVersion", env!("CARGO_PKG_VERSION"));
    renderer.success(StatusCode::OK, report)
}
