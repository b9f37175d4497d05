//! `PUT /repos/{name}/init`.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use longhaul_repository::{Identity, RepositoriesError};
use longhaul_tasks::Report;
use longhaul_tasks_web::{ApiError, Renderer};
use serde::Deserialize;

use super::{
    DefaultBranch, NameForChange, RepositoryStore, body,
    error_response::{self, ErrorResponse},
    parameters::Parameters,
    repos,
};
use crate::access::Caller;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct InitParams {
    author_name: Option<String>,
    author_email: Option<String>,
}

/// Creates an empty repository. `authorName` and `authorEmail` go into its configuration; other parameters are for servers that
/// store repositories elsewhere, and are ignored.
pub(super) async fn init(
    renderer: Renderer,
    NameForChange(name): NameForChange,
    caller: Caller,
    State(store): State<RepositoryStore>,
    State(DefaultBranch(branch)): State<DefaultBranch>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    caller.require_writer(&name)?;
    let (request, mut body) = request.into_parts();
    let query = Parameters::of_query(request.uri.query());
    let parameters = body::parameters(&request.headers, &mut body).await?.or(query);
    let identity = parameters.parse::<InitParams>()?.identity();
    let repo = repos::named(&name);
    let logged = name.clone();
    let created = store.pool.run(move || store.repositories.init(&name, &branch, identity.as_ref())).await?;
    match created {
        Ok(_) => {
            tracing::info!(repository = logged.as_str(), caller = caller.name(), "a repository was created");
            Ok(renderer.success(StatusCode::CREATED, Report::new().element("repo", repo)))
        }
        Err(RepositoriesError::Taken(_)) => {
            let message = "Cannot run init on an already initialized repository.";
            Err(ApiError::new(StatusCode::CONFLICT, message).into())
        }
        Err(error) => Err(error_response::of_repositories(error).into()),
    }
}

impl InitParams {
    fn identity(self) -> Option<Identity> {
        Identity::clean(&self.author_name?, &self.author_email.unwrap_or_default())
    }
}
