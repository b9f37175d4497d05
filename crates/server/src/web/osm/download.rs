//! `GET|POST /repos/{name}/osm/download`.

use axum::{extract::State, response::Response};
use longhaul_commands::{DownloadFilter, DownloadOsm, DownloadParameters, check_filter, filter_of_bbox};
use longhaul_repository::Repository;
use longhaul_tasks::Tasks;
use longhaul_tasks_web::Renderer;
use serde::Deserialize;

use super::{
    document::{DocumentKind, FILTER, MAPPING, NoDocument, OsmDocument, ServerFiles, checked_mapping},
    osm_request::OsmRequest,
};
use crate::{
    access::Caller,
    web::{
        Repo, Writer,
        error_response::ErrorResponse,
        submission::{submission, submit},
    },
};

const USAGE: &str = "Usage: GET <repo context>/osm/download?[filter=FILTER|bbox=S,W,N,E|update=true]\
    [&mapping=MAPPING][&message=MESSAGE][&rebase=true][&untagged=false]";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct DownloadParams {
    bbox: Option<String>,
    update: Option<bool>,
    rebase: Option<bool>,
    untagged: Option<bool>,
}

/// Submits a download; responds with the new task.
pub(in crate::web) async fn download(
    renderer: Renderer,
    Repo(repository, _): Repo<Writer>,
    caller: Caller,
    State(tasks): State<Tasks>,
    State(files): State<ServerFiles>,
    request: OsmRequest<DownloadParams>,
) -> Result<Response, ErrorResponse> {
    let job = job(&files, &repository, &request).await?;
    let submission = submission(&caller, &repository, &request.head, request.pairs(), None)?;
    let task = submit(&tasks, submission, job, None).await?;
    Ok(renderer.submission(&tasks, Ok(task)).await)
}

/// The checks, in GeoGig's order.
async fn job(
    files: &ServerFiles,
    repository: &Repository,
    request: &OsmRequest<DownloadParams>,
) -> Result<DownloadOsm, ErrorResponse> {
    let params = &request.params;
    let (update, rebase) = (params.update.unwrap_or(false), params.rebase.unwrap_or(false));
    match (update, FILTER.is_in(request), params.bbox.is_some()) {
        (false, false, false) | (false, true, true) => {
            return Err(bad("You must specify a filter file or a bounding box"));
        }
        (true, true, _) | (true, _, true) => return Err(bad("Filters cannot be used when updating")),
        _ => {}
    }
    if rebase && !update {
        return Err(bad("rebase switch can only be used when updating"));
    }
    let of_bbox =
        params.bbox.as_deref().map(filter_of_bbox).transpose().map_err(|error| bad(&error.to_string()))?;
    let filter = document(files, request, FILTER).await?;
    let mapping = document(files, request, MAPPING).await?;
    if let Some(filter) = &filter {
        check_filter(&filter.text).map_err(|error| bad(&error.to_string()))?;
    }
    let name = |document: &Option<OsmDocument>| document.as_ref().map(|document| document.name.clone());
    let parameters = DownloadParameters {
        filter: name(&filter),
        bbox: params.bbox.clone(),
        mapping: name(&mapping),
        update: params.update,
        rebase: params.rebase,
    };
    let filter = match filter.map(|filter| filter.text).or(of_bbox) {
        Some(filter) => DownloadFilter::Filter(filter),
        None => DownloadFilter::LastFilter,
    };
    let destination = request.destination(repository)?;
    let mapping = match mapping {
        Some(mapping) => {
            let mapping = checked_mapping(files, mapping, repository, destination.branch.clone()).await?;
            Some(mapping.map_err(|error| bad(&error.to_string()))?)
        }
        None => None,
    };
    let without_untagged = params.untagged == Some(false);
    Ok(DownloadOsm { destination, filter, mapping, parameters, without_untagged })
}

async fn document(
    files: &ServerFiles,
    request: &OsmRequest<DownloadParams>,
    kind: DocumentKind,
) -> Result<Option<OsmDocument>, ErrorResponse> {
    kind.of(files, request).await.map_err(|error| match error {
        NoDocument::Missing => bad(&format!("The specified {} file does not exist", kind.name)),
        NoDocument::Refused(error) => error,
    })
}

fn bad(complaint: &str) -> ErrorResponse {
    ErrorResponse::Usage(format!("{complaint}\n{USAGE}"))
}
