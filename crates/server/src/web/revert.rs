//! `POST /repos/{name}/revert`: undoes commits.

use axum::{
    extract::{Request, State},
    response::Response,
};
use longhaul_commands::{Destination, RevertCommits, RevertRange};
use longhaul_repository::Repository;
use longhaul_tasks::Tasks;
use longhaul_tasks_web::{ApiError, Renderer};
use serde::Deserialize;

use super::{
    Repo, RepositoryStore, Writer, body,
    commit_params::CommitParams,
    error_response::ErrorResponse,
    parameters::Parameters,
    submission::{submission, submit},
};
use crate::access::Caller;

/// The parameters beside those of the commit.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RevertParams {
    commit: Option<String>,
    down_to: Option<String>,
}

/// Submits a task that makes a commit without the changes of one commit (`commit`), or of all since one (`downTo`).
pub(super) async fn revert(
    renderer: Renderer,
    Repo(repository, _): Repo<Writer>,
    caller: Caller,
    State(tasks): State<Tasks>,
    State(store): State<RepositoryStore>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    let (request, mut body) = request.into_parts();
    let query = Parameters::of_query(request.uri.query());
    let parameters = body::parameters(&request.headers, &mut body).await?.or(query);
    let range = match parameters.parse::<RevertParams>()? {
        RevertParams { commit: Some(commit), down_to: None } => RevertRange::One(commit),
        RevertParams { commit: None, down_to: Some(commit) } => RevertRange::DownTo(commit),
        _ => {
            let text = "Name the commit to undo with commit, or the commit to go back to with downTo.";
            return Err(ApiError::bad_request(text).into());
        }
    };
    let commit = parameters.parse::<CommitParams>()?.destination()?.by(&caller);
    let destination = Destination {
        repository: repository.id().to_owned(),
        branch: commit.branch,
        message: commit.message,
        author: commit.author,
        rules: commit.rules,
    };
    let submission = submission(&caller, &repository, &request, parameters.pairs(), None)?;
    let range = store.pool.run(move || resolved(range, &repository)).await?;
    let task = submit(&tasks, submission, RevertCommits { destination, range }, None).await?;
    Ok(renderer.submission(&tasks, Ok(task)).await)
}

/// The range with the id of the commit: HEAD is what it was when the request arrived, whatever is committed until the task runs.
/// If the name is not one of a commit the task fails.
fn resolved(range: RevertRange, repository: &Repository) -> RevertRange {
    let id = |name: String| repository.commit_named(&name).map_or(name, |commit| commit.to_string());
    match range {
        RevertRange::One(name) => RevertRange::One(id(name)),
        RevertRange::DownTo(name) => RevertRange::DownTo(id(name)),
    }
}
