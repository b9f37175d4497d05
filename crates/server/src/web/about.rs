//! The server about itself.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use longhaul_tasks::{Report, Tasks};
use longhaul_tasks_web::{RETRY_AFTER, Renderer};

/// `GET /healthz`: 200 as long as the server is up; the text says whether it is ready.
pub(super) async fn health(_: Renderer, State(tasks): State<Tasks>) -> Response {
    match tasks.health() {
        Ok(()) => "ok\n".into_response(),
        Err(why) => format!("up, but not ready: {why}\n").into_response(),
    }
}

/// `GET /readyz`: 200 if it accepts new tasks; otherwise 503, and why not.
pub(super) async fn readiness(_: Renderer, State(tasks): State<Tasks>) -> Response {
    match tasks.health() {
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
