//! `GET /repos/NAME/delete` and `DELETE /repos/NAME?token=…`: two steps, so that nobody deletes by mistake.

use std::time::Instant;

use axum::http::StatusCode;
use longhaul_repository::RepositoryName;
use longhaul_tasks::{Node, Report, Status};
use longhaul_tasks_web::ApiError;

use super::{
    Web,
    app::{Answer, Call},
    failure,
    parameters::Parameters,
};
use crate::jobs::DeleteRepository;

/// Gives out the token that the second step needs.
pub(super) async fn offer(web: &Web, name: RepositoryName, call: &mut Call) -> Answer {
    web.admit_change(call)?;
    let repository = web.repository(&call.caller, name).await?;
    call.caller.require_admin()?;
    let token = web.tokens.issue(repository.id(), Instant::now());
    Ok(call.printer.success(StatusCode::OK, Report::new().text("token", token)))
}

/// Deletes the repository.
pub(super) async fn delete(web: &Web, name: RepositoryName, call: &mut Call) -> Answer {
    web.admit_change(call)?;
    let none = || ApiError::not_found("No repository to delete.");
    let repository = web.find(&call.caller, name.clone()).await?.ok_or_else(none)?;
    call.caller.require_admin()?;
    let parameters = Parameters::of_query(call.request.uri.query());
    let token = parameters
        .text("token")
        .ok_or_else(|| ApiError::bad_request("You must specify the correct token to delete a repository."))?;
    if !web.tokens.counts(repository.id(), token, Instant::now()) {
        return Err(ApiError::bad_request("The specified token does not exist or has expired.").into());
    }
    let ended = web.run_alone(DeleteRepository { repository: repository.id().to_owned() }).await?;
    // Not before: who was told that the repository is busy may ask again with the same token.
    web.tokens.spend(token);
    if ended.status != Status::Finished {
        let error = if web.find_for_anybody(name).await?.is_none() { none() } else { failure::unexplained() };
        return Err(error.into());
    }
    let document = call.printer.document("deleted", &Node::text(name.as_str()));
    Ok(call.printer.response(StatusCode::OK, document))
}
