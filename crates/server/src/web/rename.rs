//! `POST /repos/{name}/rename?name=…`.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use longhaul_repository::{InvalidName, RepositoryName};
use longhaul_tasks::{Report, Status, Tasks};
use longhaul_tasks_web::{ApiError, Renderer};
use serde::Deserialize;

use super::{
    Admin, Repo, RepositoryStore, body,
    error_response::{self, ErrorResponse},
    exclusive::run_exclusively,
    parameters::Parameters,
    repos,
};
use crate::{access::Caller, jobs::RenameRepository};

#[derive(Default, Deserialize)]
#[serde(default)]
struct RenameParams {
    name: Option<String>,
}

/// Renames the repository. The response has the status 301 and no `Location`, as clients expect.
pub(super) async fn rename(
    renderer: Renderer,
    Repo(repository, _): Repo<Admin>,
    caller: Caller,
    State(store): State<RepositoryStore>,
    State(tasks): State<Tasks>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    let (request, mut body) = request.into_parts();
    let query = Parameters::of_query(request.uri.query());
    let parameters = body::parameters(&request.headers, &mut body).await?.or(query);
    let name = parameters.parse::<RenameParams>()?.new_name()?;
    if name == *repository.name() {
        return Err(ApiError::bad_request("The repository has that name already.").into());
    }
    require_free(&store, &name).await?;
    let job = RenameRepository { repository: repository.id().to_owned(), name: name.to_string() };
    if run_exclusively(&tasks, job).await?.status != Status::Finished {
        store.get(&caller, repository.name().clone()).await?;
        require_free(&store, &name).await?;
        return Err(error_response::unexplained().into());
    }
    let (from, to) = (repository.name().as_str(), name.as_str());
    tracing::info!(from, to, caller = caller.name(), "a repository was renamed");
    let report = Report::new().element("repo", repos::named(&name));
    Ok(renderer.success(StatusCode::MOVED_PERMANENTLY, report))
}

impl RenameParams {
    fn new_name(self) -> Result<RepositoryName, ApiError> {
        let missing = || {
            // GeoGig's status.
            let message = "Required parameter 'name' was not provided.";
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, message)
        };
        let name = self.name.ok_or_else(missing)?.parse();
        name.map_err(|error: InvalidName| ApiError::bad_request(error.to_string()))
    }
}

async fn require_free(store: &RepositoryStore, name: &RepositoryName) -> Result<(), ErrorResponse> {
    match store.find_for_anybody(name.clone()).await? {
        None => Ok(()),
        Some(_) => Err(ApiError::bad_request("A repository with that name already exists.").into()),
    }
}
