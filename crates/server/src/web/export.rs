//! `GET|POST /repos/{name}/export?format=gpkg`.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use longhaul_commands::{ExportFormat, ExportLayers, Window, check_crs};
use longhaul_repository::{DatasetPath, Repository};
use longhaul_tasks::Tasks;
use longhaul_tasks_web::{ApiError, Flag, Renderer};
use serde::Deserialize;

use super::{
    Reader, Repo, RepositoryStore, body,
    error_response::ErrorResponse,
    parameters::Parameters,
    submission::{submission, submit},
};
use crate::access::Caller;

/// The longest body with parameters, in bytes.
const MAX_BODY: usize = 64 << 10;
/// The most bytes of a result file's name, without its ending.
const MAX_NAME: usize = 100;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ExportParams {
    format: Option<String>,
    root: Option<String>,
    path: Option<String>,
    bbox: Option<String>,
    crs: Option<String>,
    interchange: Flag,
    transaction_id: Option<String>,
}

/// Submits an export; responds with the new task. What `root` names is looked up now.
pub(super) async fn export(
    renderer: Renderer,
    Repo(repository, _): Repo<Reader>,
    caller: Caller,
    State(tasks): State<Tasks>,
    State(store): State<RepositoryStore>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    let (request, mut body) = request.into_parts();
    let parameters = body::parameters_up_to(MAX_BODY, &request.headers, &mut body).await?;
    let parameters = parameters.or(Parameters::of_query(request.uri.query()));
    let job = parameters.parse::<ExportParams>()?.job(&repository)?;
    let submission = submission(&caller, &repository, &request, parameters.pairs(), None)?;
    let job = store.pool.run(move || with_commit(job, &repository)).await?;
    let task = submit(&tasks, submission, job, None).await?;
    Ok(renderer.submission(&tasks, Ok(task)).await)
}

/// The job with the commit that its `root` names. If it names none the task fails, as clients expect.
fn with_commit(job: ExportLayers, repository: &Repository) -> ExportLayers {
    let commit = repository.commit_named(&job.root).ok().map(|commit| commit.to_string());
    ExportLayers { commit, ..job }
}

impl ExportParams {
    fn job(self, repository: &Repository) -> Result<ExportLayers, ApiError> {
        let format = output_format(self.format.as_deref())?;
        if self.interchange.0 {
            let message = "This server does not export the interchange format; without interchange it exports the layers.";
            return Err(ApiError::new(StatusCode::NOT_IMPLEMENTED, message));
        }
        if self.transaction_id.is_some() {
            // GeoGig's text.
            return Err(ApiError::bad_request("A transaction with the provided ID could not be found."));
        }
        let layers = layer_paths(self.path.as_deref())?;
        let window = self.bbox.map(|bbox| bbox.parse::<Window>()).transpose();
        Ok(ExportLayers {
            repository: repository.id().to_owned(),
            root: self.root.unwrap_or_else(|| "HEAD".to_owned()),
            commit: None,
            format,
            window: window.map_err(|error| ApiError::bad_request(error.to_string()))?,
            crs: self.crs.map(|crs| crs_name(&crs)).transpose()?,
            file_name: file_name(repository, &layers),
            layers,
        })
    }
}

/// The format of this name. The texts of the errors are GeoGig's.
pub(super) fn output_format(name: Option<&str>) -> Result<ExportFormat, ApiError> {
    let name = name.ok_or_else(|| ApiError::bad_request("output format not provided"))?;
    let known = ExportFormat::of_name(name);
    known.ok_or_else(|| ApiError::bad_request(format!("Unsupported output format: {name}")))
}

/// The paths of layers in a list with commas.
pub(super) fn layer_paths(list: Option<&str>) -> Result<Vec<String>, ApiError> {
    let paths = list.unwrap_or_default().split(',').map(str::trim);
    let paths = paths.filter(|path| !path.is_empty()).map(DatasetPath::new);
    let paths: Result<Vec<_>, _> = paths.map(|path| path.map(|path| path.to_string())).collect();
    paths.map_err(|error| ApiError::bad_request(error.to_string()))
}

/// The name of a reference system as it is stored with the task.
fn crs_name(crs: &str) -> Result<String, ApiError> {
    check_crs(crs).map_err(|error| ApiError::bad_request(error.to_string()))?;
    Ok(crs.to_owned())
}

/// The name of the result file: that of its one layer, or that of the repository.
pub(super) fn file_name(repository: &Repository, layers: &[String]) -> String {
    let name = match layers {
        [layer] => layer.replace('/', "__"),
        _ => repository.name().to_string(),
    };
    let end = name.floor_char_boundary(MAX_NAME);
    name[..end].to_owned()
}
