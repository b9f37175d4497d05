//! `GET /openapi.json`: the API described in OpenAPI 3.1.
//!
//! The document is kept by hand in `static/openapi.json`; a test compares its paths and methods with the routes.

use std::sync::LazyLock;

use axum::{
    http::header,
    response::{IntoResponse as _, Response},
};
use longhaul_tasks_web::Renderer;
use serde_json::Value;

/// The description of the API, with this program's version.
pub(super) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document: Value =
        serde_json::from_str(include_str!("../../static/openapi.json")).unwrap_or_default();
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    document
});

/// The document, whose addresses begin where the request was sent to.
pub(super) async fn document(renderer: Renderer) -> Response {
    let mut document = DOCUMENT.clone();
    let base = renderer.base.as_str();
    document["servers"][0]["url"] = if base.is_empty() { "/" } else { base }.into();
    ([(header::CONTENT_TYPE, "application/json")], document.to_string()).into_response()
}
