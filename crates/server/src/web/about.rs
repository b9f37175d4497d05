//! The server about itself.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use longhaul_tasks::{Report, Tasks};
use longhaul_tasks_web::Printer;

/// `GET /healthz`: it is up, which is why this is always 200; whether it is ready is told as well.
pub(super) fn health(tasks: &Tasks) -> Response {
    match tasks.health() {
        Ok(()) => "ok\n".into_response(),
        Err(why) => format!("up, but not ready: {why}\n").into_response(),
    }
}

/// `GET /readyz`: it can take new tasks; 503 says why not.
pub(super) fn readiness(tasks: &Tasks) -> Response {
    match tasks.health() {
        Ok(()) => "ready\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
    }
}

/// `GET /version`.
pub(super) fn version(printer: &Printer) -> Response {
    let report =
        Report::new().text("ProjectName", "Longhaul").text("ProjectVersion", env!("CARGO_PKG_VERSION"));
    printer.success(StatusCode::OK, report)
}
