//! Errors in the form of OGC APIs.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::Response,
};
use longhaul_tasks_web::ApiError;
use serde_json::json;

/// Replaces the document of an error by one with `code` and `description`.
pub(super) async fn as_json(mut response: Response) -> Response {
    let Some(error) = response.extensions_mut().remove::<ApiError>() else { return response };
    let code = error.status.canonical_reason().unwrap_or("Error").replace(' ', "");
    let document = json!({"code": code, "description": error.message}).to_string();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_LENGTH, document.len().into());
    *response.body_mut() = Body::from(document);
    response
}
