//! `POST /repos/{name}/import?format=gpkg`.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use longhaul_commands::ImportGeopackage;
use longhaul_repository::{DatasetPath, Repository};
use longhaul_tasks::Tasks;
use longhaul_tasks_web::{ApiError, Renderer, has_idempotency_key};
use serde::Deserialize;

use super::{
    Repo, Writer,
    commit_params::{CommitDestination, CommitParams},
    error_response::{self, ErrorResponse},
    parameters::Parameters,
    submission::{submission, submit},
};
use crate::{
    access::Caller,
    upload::{ReceivedFile, Receiver, UploadOptions},
};

const OPTIONS: UploadOptions =
    UploadOptions { default_file_name: "upload.gpkg", text_file_fields: &[], with_digest: false };

/// The parameters beside those of the commit.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ImportParams {
    format: Option<String>,
    layer: Option<String>,
    dest: Option<String>,
    add: bool,
    fid_attribute: Option<String>,
    interchange: bool,
}

/// Receives a file and submits its import; responds with the new task.
pub(super) async fn import(
    renderer: Renderer,
    Repo(repository, _): Repo<Writer>,
    caller: Caller,
    State(tasks): State<Tasks>,
    State(receiver): State<Arc<Receiver>>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    let (request, mut body) = request.into_parts();
    let options = UploadOptions { with_digest: has_idempotency_key(&request), ..OPTIONS };
    let received = receiver.receive(&request.headers, &mut body, options).await;
    let received = received.map_err(error_response::of_upload)?;
    let query = Parameters::of_query(request.uri.query());
    let parameters = Parameters::of_pairs(received.texts).or(query);
    let params: ImportParams = parameters.parse()?;
    params.require_supported_format()?;
    let commit = parameters.parse::<CommitParams>()?.destination()?;
    params.check()?;
    let file = received.file.ok_or_else(|| {
        ApiError::bad_request("Request must specify one and only one fileUpload in the request body")
    })?;
    let submission = submission(&caller, &repository, &request, parameters.pairs(), file.digest)?;
    let job = params.job(&repository, commit, &file);
    let task = submit(&tasks, submission, job, Some(file)).await?;
    Ok(renderer.submission(&tasks, Ok(task)).await)
}

impl ImportParams {
    fn require_supported_format(&self) -> Result<(), ApiError> {
        match self.format.as_deref() {
            None => Err(ApiError::bad_request("missing required 'format' parameter")),
            Some(format) if format.eq_ignore_ascii_case("gpkg") => Ok(()),
            Some(other) => Err(ApiError::bad_request(format!("Unsupported input format: '{other}'"))),
        }
    }

    fn check(&self) -> Result<(), ApiError> {
        if let Some(path) = &self.dest {
            DatasetPath::new(path).map_err(|error| ApiError::bad_request(error.to_string()))?;
        }
        if self.interchange {
            let message = "This server does not import the interchange format; without interchange it imports the layers.";
            return Err(ApiError::bad_request(message));
        }
        Ok(())
    }

    fn job(
        self,
        repository: &Repository,
        commit: CommitDestination,
        file: &ReceivedFile,
    ) -> ImportGeopackage {
        ImportGeopackage {
            repository: repository.id().to_owned(),
            branch: commit.branch,
            upload: file.file.path().to_owned(),
            file_name: file.name.clone(),
            layer: self.layer,
            dest: self.dest,
            add: self.add,
            fid_attribute: self.fid_attribute,
            message: commit.message,
            author: commit.author,
        }
    }
}
