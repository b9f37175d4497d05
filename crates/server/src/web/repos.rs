//! The repositories: all of them, and one.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use longhaul_repository::RepositoryName;
use longhaul_tasks::{Report, ReportValue};
use longhaul_tasks_web::Renderer;

use super::{
    NameInPath, RepositoryStore,
    error_response::{self, ErrorResponse},
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
    let document = renderer.document("repository", &ReportValue::Element(repository));
    Ok(renderer.response(StatusCode::OK, document))
}

/// A repository in a list, and in the responses to its creation and renaming.
pub(super) fn named(name: &RepositoryName) -> Report {
    Report::new().text("name", name.as_str()).link(format!("/repos/{name}"))
}

/// Clients know this response by its plain text.
fn not_found() -> Response {
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/plain;charset=UTF-8")], "not found").into_response()
}
