//! Where clients begin.

use axum::response::Response;
use serde_json::{Value, json};

use super::{
    Snapshot,
    document::{JSON, OPENAPI, json_response, link},
    parameters::Parameters,
};
use crate::web::error_response::ErrorResponse;

/// `GET /repos/{name}/at/{revision}`.
pub(super) async fn of_version(
    snapshot: Snapshot,
    parameters: Parameters,
) -> Result<Response, ErrorResponse> {
    parameters.allow(&[])?;
    let title = format!("{} at {}", snapshot.repository.name(), snapshot.version_name());
    Ok(json_response(JSON, &json!({"title": title, "links": links(&snapshot.base)})))
}

/// The links of the page at `base`, which is the address of a repository or of a version of it.
pub(in crate::web) fn links(base: &str) -> Vec<Value> {
    vec![
        link("self", JSON, "This document", base),
        link("service-desc", OPENAPI, "The definition of the API", format!("{base}/api")),
        link(
            "conformance",
            JSON,
            "The parts of the standard that are implemented",
            format!("{base}/conformance"),
        ),
        link("data", JSON, "The layers", format!("{base}/collections")),
    ]
}
