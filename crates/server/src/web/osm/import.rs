//! `GET|POST /repos/{name}/osm/import`.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use longhaul_commands::{ImportOsm, OsmFile, RootError};
use longhaul_repository::Repository;
use longhaul_tasks::Tasks;
use longhaul_tasks_web::Renderer;
use serde::Deserialize;

use super::{
    document::{self, MAPPING, NoDocument, ServerFiles},
    osm_request::OsmRequest,
};
use crate::{
    access::Caller,
    upload::{ReceivedFile, Receiver},
    web::{
        Repo, Writer,
        error_response::ErrorResponse,
        kept_upload::KeptUploads,
        submission::{submission, submit},
    },
};

const USAGE: &str = "Usage: GET <repo context>/osm/import?uri=URI[&add=true][&mapping=MAPPING][&noRaw=true]\
    [&untagged=false][&message=MESSAGE]";

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::web) struct ImportParams {
    uri: Option<String>,
    add: bool,
    no_raw: bool,
    untagged: Option<bool>,
    upload: Option<u64>,
}

/// Submits the import of a file that was uploaded, or that lies under an import root; responds with the new task.
pub(in crate::web) async fn import(
    renderer: Renderer,
    Repo(repository, _): Repo<Writer>,
    caller: Caller,
    State(tasks): State<Tasks>,
    State(files): State<ServerFiles>,
    State(receiver): State<Arc<Receiver>>,
    mut request: OsmRequest<ImportParams>,
) -> Result<Response, ErrorResponse> {
    let kept = KeptUploads { tasks: &tasks, receiver: &receiver, caller: &caller, repository: &repository };
    let imported = kept.file_of::<ImportOsm>(request.file.take(), request.params.upload).await?;
    let repository_uri = format!("{}/repos/{}", renderer.base.as_str(), repository.name());
    let mut job = job(&files, &repository, repository_uri, &request, imported.file.as_ref()).await?;
    imported.demand_shown_tree(&mut job.destination.rules);
    let received = imported.file;
    let digest = received.as_ref().and_then(|received| received.digest);
    let submission = submission(&caller, &repository, &request.head, request.pairs(), digest)?;
    let task = submit(&tasks, submission, job, received).await?;
    Ok(renderer.submission(&tasks, Ok(task)).await)
}

async fn job(
    files: &ServerFiles,
    repository: &Repository,
    repository_uri: String,
    request: &OsmRequest<ImportParams>,
    received: Option<&ReceivedFile>,
) -> Result<ImportOsm, ErrorResponse> {
    let ImportParams { uri, add, no_raw, untagged, .. } = request.params.clone();
    let (file, uri) = match (received, uri) {
        (Some(received), _) => (OsmFile::Uploaded(received.stored_path()), received.name.clone()),
        (None, Some(uri)) => (of_server(files, &uri).await?, uri),
        (None, None) => return Err(bad("Missing parameter: uri")),
    };
    let destination = request.destination(repository)?;
    let mapping = match MAPPING.of(files, request).await {
        Ok(Some(mapping)) => {
            let mapping =
                document::checked_mapping(files, mapping, repository, destination.branch.clone()).await?;
            Some(mapping.map_err(|error| bad(&error.to_string()))?)
        }
        Ok(None) if no_raw => return Err(bad("noRaw without a mapping leaves nothing to import")),
        Ok(None) => None,
        Err(NoDocument::Missing) => return Err(bad("The specified mapping file does not exist")),
        Err(NoDocument::Refused(error)) => return Err(error),
    };
    Ok(ImportOsm {
        destination,
        file_name: file_name(&uri),
        file,
        uri,
        repository_uri,
        add,
        no_raw,
        mapping,
        without_untagged: untagged == Some(false),
    })
}

/// Checks that the file may be read. If it is missing the task fails, as clients expect; it may be there by then.
async fn of_server(files: &ServerFiles, uri: &str) -> Result<OsmFile, ErrorResponse> {
    let (roots, path) = (files.roots.clone(), uri.to_owned());
    let opened = files.pool.run(move || roots.open(&path)).await?;
    match opened {
        Ok(_) | Err(RootError::Missing(_)) => Ok(OsmFile::OfServer(uri.to_owned())),
        Err(error) => Err(document::root_error(error).into()),
    }
}

/// The last part of a path, for messages.
fn file_name(uri: &str) -> String {
    uri.rsplit('/').next().unwrap_or(uri).to_owned()
}

fn bad(complaint: &str) -> ErrorResponse {
    ErrorResponse::Usage(format!("{complaint}\n{USAGE}"))
}
