//! `GET|POST /repos/{name}/export-diff?format=gpkg&oldRef=…&newRef=…`.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use longhaul_commands::{ExportDiff, ExportFormat};
use longhaul_repository::Repository;
use longhaul_tasks::Tasks;
use longhaul_tasks_web::{ApiError, Renderer};
use serde::Deserialize;

use super::{
    Reader, Repo, RepositoryStore, body,
    error_response::ErrorResponse,
    export::{file_name, layer_paths, output_format},
    parameters::Parameters,
    submission::{submission, submit},
};
use crate::access::Caller;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ExportDiffParams {
    format: Option<String>,
    old_ref: Option<String>,
    new_ref: Option<String>,
    path: Option<String>,
}

/// Submits an export of differences; responds with the new task. What the references name is looked up now.
pub(super) async fn export_diff(
    renderer: Renderer,
    Repo(repository, _): Repo<Reader>,
    caller: Caller,
    State(tasks): State<Tasks>,
    State(store): State<RepositoryStore>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    let (request, mut body) = request.into_parts();
    let parameters = body::parameters(&request.headers, &mut body).await?;
    let parameters = parameters.or(Parameters::of_query(request.uri.query()));
    let job = parameters.parse::<ExportDiffParams>()?.job(&repository)?;
    let submission = submission(&caller, &repository, &request, parameters.pairs(), None)?;
    let job = store.pool.run(move || with_commits(job, &repository)).await?;
    let task = submit(&tasks, submission, job, None).await?;
    Ok(renderer.submission(&tasks, Ok(task)).await)
}

/// The job with the commits that its references name. If one names none the task fails, as that of an export does.
fn with_commits(job: ExportDiff, repository: &Repository) -> ExportDiff {
    let old = repository.compared_commit(&job.old_ref).ok();
    let old = old.map(|commit| commit.map_or_else(|| job.old_ref.clone(), |commit| commit.to_string()));
    let new = repository.commit_named(&job.new_ref).ok().map(|commit| commit.to_string());
    ExportDiff { old, new, ..job }
}

impl ExportDiffParams {
    fn job(self, repository: &Repository) -> Result<ExportDiff, ApiError> {
        let format = output_format(self.format.as_deref())?;
        if format != ExportFormat::Gpkg {
            return Err(ApiError::bad_request(format!("Unsupported output format: {}", format.name())));
        }
        let old_ref = self.old_ref.ok_or_else(|| {
            let text = "Required parameter 'oldRef' was not provided.";
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, text)
        })?;
        let layers = layer_paths(self.path.as_deref())?;
        Ok(ExportDiff {
            repository: repository.id().to_owned(),
            old_ref,
            new_ref: self.new_ref.unwrap_or_else(|| "HEAD".to_owned()),
            old: None,
            new: None,
            file_name: file_name(repository, &layers),
            layers,
        })
    }
}
