//! `POST /repos/{name}/import?format=gpkg`.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
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
    kept_upload::KeptUploads,
    parameters::Parameters,
    submission::{check, submission, submit},
};
use crate::{
    access::Caller,
    upload::{ReceivedFile, Receiver, UploadOptions},
};

const OPTIONS: UploadOptions = UploadOptions {
    default_file_name: "upload.gpkg",
    text_file_fields: &[],
    with_digest: false,
    is_durable: true,
};

/// The parameters beside those of the commit.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ImportParams {
    format: Option<String>,
    dest: Option<String>,
    add: bool,
    lenient: bool,
    fid_attribute: Option<String>,
    interchange: bool,
    alter: bool,
    force_feature_type: bool,
    upload: Option<u64>,
}

/// The layers that the request names; each of these parameters may be repeated.
struct LayerChoice {
    layers: Vec<String>,
    except: Vec<String>,
}

impl LayerChoice {
    fn of(parameters: &Parameters) -> Self {
        let all = |name| parameters.texts(name).map(str::to_owned).collect();
        Self { layers: all("layer"), except: all("except") }
    }
}

/// Receives a file and submits its import; responds with the new task. What the query says is checked before the file is read.
pub(super) async fn import(
    renderer: Renderer,
    Repo(repository, _): Repo<Writer>,
    caller: Caller,
    State(tasks): State<Tasks>,
    State(receiver): State<Arc<Receiver>>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    let (request, mut body) = request.into_parts();
    let query = Parameters::of_query(request.uri.query());
    let (of_query, _) = checked(&query)?;
    check(&tasks, &request, query.pairs())?;
    if !is_form(&request.headers) {
        of_query.require_format()?;
    }
    let options = UploadOptions { with_digest: has_idempotency_key(&request), ..OPTIONS };
    let received = receiver.receive(&request.headers, &mut body, options).await;
    let received = received.map_err(error_response::of_upload)?;
    let parameters = Parameters::of_pairs(received.texts).or(query);
    let (params, mut commit) = checked(&parameters)?;
    params.require_format()?;
    let kept = KeptUploads { tasks: &tasks, receiver: &receiver, caller: &caller, repository: &repository };
    let imported = kept.file_of::<ImportGeopackage>(received.file, params.upload).await?;
    imported.demand_shown_tree(&mut commit.rules);
    let file = imported.file;
    let digest = file.as_ref().and_then(|file| file.digest);
    let submission = submission(&caller, &repository, &request, parameters.pairs(), digest)?;
    let choice = LayerChoice::of(&parameters);
    let job = params.job(choice, &repository, commit.by(&caller), file.as_ref());
    let task = submit(&tasks, submission, job, file).await?;
    Ok(renderer.submission(&tasks, Ok(task)).await)
}

/// The parameters, each of which is legal. One may be missing that the form has.
fn checked(parameters: &Parameters) -> Result<(ImportParams, CommitDestination), ApiError> {
    let params: ImportParams = parameters.parse()?;
    let commit = parameters.parse::<CommitParams>()?.destination()?;
    params.check()?;
    Ok((params, commit))
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("multipart/"))
}

impl ImportParams {
    fn require_format(&self) -> Result<(), ApiError> {
        let missing = || ApiError::bad_request("missing required 'format' parameter");
        self.format.as_ref().map(drop).ok_or_else(missing)
    }

    fn check(&self) -> Result<(), ApiError> {
        if let Some(format) = self.format.as_ref().filter(|format| !format.eq_ignore_ascii_case("gpkg")) {
            return Err(ApiError::bad_request(format!("Unsupported input format: '{format}'")));
        }
        if let Some(path) = &self.dest {
            DatasetPath::new(path).map_err(|error| ApiError::bad_request(error.to_string()))?;
        }
        if self.interchange {
            let message = "This server does not import the interchange format; without interchange it imports the layers.";
            return Err(ApiError::bad_request(message));
        }
        self.check_schema()
    }

    /// All features of a layer have one schema. An import that replaces the layer replaces its schema, too, which is what GeoGig
    /// does with `forceFeatureType`. `alter` would change the features that GeoGig keeps, and these are not changed here.
    fn check_schema(&self) -> Result<(), ApiError> {
        let message = match (self.alter, self.force_feature_type && self.add) {
            (true, _) => {
                "alter=true is not supported by this server, which does not change the features that a layer has to another schema. Without alter and add the file replaces the layer and its schema."
            }
            (_, true) => {
                "forceFeatureType=true is not supported together with add=true: all features of a layer have the same schema. Without add the file replaces the layer and its schema."
            }
            _ => return Ok(()),
        };
        Err(ApiError::bad_request(message))
    }

    fn job(
        self,
        choice: LayerChoice,
        repository: &Repository,
        commit: CommitDestination,
        file: Option<&ReceivedFile>,
    ) -> ImportGeopackage {
        let mut layers = choice.layers.into_iter();
        ImportGeopackage {
            repository: repository.id().to_owned(),
            branch: commit.branch,
            upload: file.map(ReceivedFile::stored_path).unwrap_or_default(),
            file_name: file.map(|file| file.name.clone()).unwrap_or_default(),
            layer: layers.next(),
            more_layers: layers.collect(),
            except: choice.except,
            dest: self.dest,
            add: self.add,
            lenient: self.lenient,
            fid_attribute: self.fid_attribute,
            message: commit.message,
            author: commit.author,
            rules: commit.rules,
        }
    }
}
