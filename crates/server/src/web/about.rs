//! The server about itself.

use axum::{http::StatusCode, response::Response};
use tasks::Report;
use tasks_web::Printer;

/// `GET /healthz`: it is up.
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// `GET /version`.
pub(super) fn version(printer: &Printer) -> Response {
    let report =
        Report::new().text("ProjectName", "Longhaul").text("ProjectVersion", env!("CARGO_PKG_VERSION"));
    printer.success(StatusCode::OK, report)
}
