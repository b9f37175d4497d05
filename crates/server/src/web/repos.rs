//! The repositories: all of them, and one.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use longhaul_repository::RepositoryName;
use longhaul_tasks::{Report, ReportValue};
use longhaul_tasks_web::{Format, Renderer};

use super::{
    NameInPath, RepositoryStore,
    error_response::{self, ErrorResponse},
    ogc,
};
use crate::access::Caller;

/// `GET /repos`.
pub(super) async fn list(
    renderer: Renderer,
    caller: Caller,
    State(store): State<RepositoryStore>,
) -> Result<Response, ErrorResponse> {
    let names = store.pool.run(move || store.repositories.list()).await?;
    let names = names.map_err(error_response::of_repositories)?;
    let names = names.iter().filter(|name| caller.may_read(name));
    let repos = Report::new().list("repo", names.map(|name| ReportValue::Element(named(name))));
    let document = renderer.document("repos", &ReportValue::Element(repos));
    Ok(renderer.response(StatusCode::OK, document))
}

/// `GET /repos/{name}`. The `location` is the repository's URL; its path on the disk is not revealed.
pub(super) async fn show(
    renderer: Renderer,
    NameInPath(name): NameInPath,
    caller: Caller,
    State(store): State<RepositoryStore>,
) -> Result<Response, ErrorResponse> {
    if store.find(&caller, name.clone()).await?.is_none() {
        return Ok(not_found());
    }
    let location = format!("{}/repos/{name}", renderer.base.as_str());
    let repository = Report::new().text("name", name.as_str()).text("location", location);
    let mut document = renderer.document("repository", &ReportValue::Element(repository));
    if renderer.format == Format::Json {
        add_links(&mut document, &format!("{}/repos/{name}", renderer.base.as_str()));
    }
    Ok(renderer.response(StatusCode::OK, document))
}

/// Adds the links by which clients of OGC APIs go on, after what clients of GeoGig know.
fn add_links(document: &mut Vec<u8>, base: &str) {
    let links = serde_json::Value::from(ogc::landing_page_links(base));
    if document.pop_if(|last| *last == b'}').is_some() {
        document.extend_from_slice(format!(",\"links\":{links}}}").as_bytes());
    }
}

/// A repository in a list, and in the responses to its creation and renaming.
pub(super) fn named(name: &RepositoryName) -> Report {
    Report::new().text("name", name.as_str()).link(format!("/repos/{name}"))
}

/// Clients know this response by its plain text.
fn not_found() -> Response {
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/plain;charset=UTF-8")], "not found").into_response()
}
