//! The repositories: all of them, and one.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use longhaul_repository::RepositoryName;
use longhaul_tasks::{Node, Report};

use super::{
    Web,
    app::{Answer, Call},
    failure,
};

/// `GET /repos`.
pub(super) async fn list(web: &Web, call: &mut Call) -> Answer {
    let repositories = web.repositories.clone();
    let names = web.reads.run(move || repositories.list()).await?.map_err(failure::repositories)?;
    let names = names.iter().filter(|name| call.caller.may_read(name));
    let repos = Report::new().list("repo", names.map(|name| Node::Element(named(name))));
    let document = call.printer.document("repos", &Node::Element(repos));
    Ok(call.printer.response(StatusCode::OK, document))
}

/// `GET /repos/NAME`. Its location is its address here: where it lies on the disk is nobody's business.
pub(super) async fn show(web: &Web, name: RepositoryName, call: &mut Call) -> Answer {
    if web.find(&call.caller, name.clone()).await?.is_none() {
        return Ok(not_found());
    }
    let location = format!("{}/repos/{name}", call.printer.base.as_str());
    let repository = Report::new().text("name", name.as_str()).text("location", location);
    let document = call.printer.document("repository", &Node::Element(repository));
    Ok(call.printer.response(StatusCode::OK, document))
}

/// A repository in a list, and in the answer to who made or renamed it.
pub(super) fn named(name: &RepositoryName) -> Report {
    Report::new().text("name", name.as_str()).link(format!("/repos/{name}"))
}

/// Clients know this one by its bare text.
fn not_found() -> Response {
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/plain;charset=UTF-8")], "not found").into_response()
}
