//! `GET /repos/{name}/delete` and `DELETE /repos/{name}?token=…`: two steps, so that nobody deletes by mistake.

use std::{sync::Arc, time::Instant};

use axum::{extract::State, http::StatusCode, response::Response};
use longhaul_tasks::{Report, ReportValue, Status, Tasks};
use longhaul_tasks_web::{ApiError, Renderer};
use serde::Deserialize;

use super::{
    Admin, DeleteTokens, NameForChange, Repo, RepositoryStore,
    error_response::{self, ErrorResponse},
    exclusive::run_exclusively,
    parameters::{NoParams, Params},
};
use crate::{access::Caller, jobs::DeleteRepository};

/// Issues the token for the second step.
pub(super) async fn offer(
    renderer: Renderer,
    Repo(repository, _): Repo<Admin>,
    Params(NoParams {}): Params<NoParams>,
    State(tokens): State<Arc<DeleteTokens>>,
) -> Response {
    let token = tokens.issue(repository.id(), Instant::now());
    renderer.success(StatusCode::OK, Report::new().text("token", token))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DeleteParams {
    token: Option<String>,
}

/// Deletes the repository.
pub(super) async fn delete(
    renderer: Renderer,
    NameForChange(name): NameForChange,
    caller: Caller,
    Params(params): Params<DeleteParams>,
    State(store): State<RepositoryStore>,
    State(tokens): State<Arc<DeleteTokens>>,
    State(tasks): State<Tasks>,
) -> Result<Response, ErrorResponse> {
    let none = || ApiError::not_found("No repository to delete.");
    let repository = store.find(&caller, name.clone()).await?.ok_or_else(none)?;
    caller.require_admin()?;
    let no_token = "You must specify the correct token to delete a repository.";
    let token = params.token.ok_or_else(|| ApiError::bad_request(no_token))?;
    if !tokens.is_valid(repository.id(), &token, Instant::now()) {
        return Err(ApiError::bad_request("The specified token does not exist or has expired.").into());
    }
    let task = run_exclusively(&tasks, DeleteRepository { repository: repository.id().to_owned() }).await?;
    // Only now: if the repository was busy, the client may try again with the same token.
    tokens.revoke(&token);
    if task.status != Status::Finished {
        let is_gone = store.find_for_anybody(name.clone()).await?.is_none();
        return Err(if is_gone { none() } else { error_response::unexplained() }.into());
    }
    tracing::info!(repository = name.as_str(), caller = caller.name(), "a repository was deleted");
    let document = renderer.document("deleted", &ReportValue::text(name.as_str()));
    Ok(renderer.response(StatusCode::OK, document))
}
