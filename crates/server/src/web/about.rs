//! The server about itself.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tasks::Report;
use tasks_web::Printer;

/// `GET /healthz`: it is up.
pub(super) fn health() -> Response {
    "ok\n".into_response()
}

/// `GET /version`.
pub(super) fn version(printer: &Printer) -> Response {
    let report =
        Report::new().text("ProjectName", "Longhaul").text("ProjectVersion", env!("CARGO_PKG_VERSION"));
    printer.success(StatusCode::OK, report)
}
