//! Layers as files: `/repos/{name}/files/{layer}.{format}` and `/repos/{name}/files.gpkg`, of each version.
//!
//! The same commit gives the same file. It is made when it is first asked for, and kept in the cache; what is written from its
//! beginning to its end is sent while it is written, and not kept.

mod address;
mod conditions;
mod error;
mod layer_files;
mod stream;

use std::path::Path;

use axum::{
    Router,
    extract::{Request, State},
    http::{Method, StatusCode},
    response::Response,
    routing::get,
};
use longhaul_commands::ExportLayers;
use longhaul_disk_cache::CachedFile;
use longhaul_repository::{ObjectId, Repository};
use longhaul_tasks::Tasks;
use longhaul_tasks_web::{ApiError, Renderer, ServedFile, method_fallback};

use super::{
    ListWriters, WebState,
    error_response::{self, ErrorResponse},
    ogc::Snapshot,
    submission::{submission, submit},
};
use crate::access::Caller;
use address::FileAddress;
use layer_files::Demand;
pub(crate) use layer_files::LayerFiles;

/// The routes below `/repos/{name}` and `/repos/{name}/at/{revision}`, for readers.
pub(super) fn routes() -> Router<WebState> {
    let below = |prefix: &str| {
        let read = method_fallback("GET, HEAD, OPTIONS");
        Router::new()
            .route(&format!("{prefix}/files.gpkg"), get(file).fallback(read.clone()))
            .route(&format!("{prefix}/files/{{*file}}"), get(file).fallback(read))
    };
    below("/repos/{name}").merge(below("/repos/{name}/at/{revision}"))
}

/// Sends a file. GET and HEAD wait while it is made; a GET with `Prefer: respond-async` gets the task of an export instead.
async fn file(
    renderer: Renderer,
    caller: Caller,
    snapshot: Snapshot,
    State(files): State<LayerFiles>,
    State(tasks): State<Tasks>,
    State(ListWriters(writers)): State<ListWriters>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    let (request, _) = request.into_parts();
    let address = FileAddress::of(&snapshot)?;
    let commit = snapshot.commit.ok_or_else(|| address.not_found(&snapshot))?;
    address.require_layer(&snapshot, commit).await?;
    let is_head = request.method == Method::HEAD;
    let mut response = if address.format.is_streamed() {
        let export = address.export(commit);
        stream::respond(&writers, export, snapshot.repository.clone(), is_head).await?
    } else {
        let name = cache_name(&address, &snapshot, commit).await?;
        if renderer.respond_async && !is_head && files.find(&name).await?.is_none() {
            let submission = submission(&caller, &snapshot.repository, &request, std::iter::empty(), None)?;
            let job = address.job(&snapshot, commit);
            let task = submit(&tasks, submission, job, None).await?;
            return Ok(renderer.submission(&tasks, Ok(task)).await);
        }
        let cached = files.get(&name, maker(&address, commit, snapshot.repository.clone())).await?;
        let file = served(cached, &address, &snapshot)?;
        file.respond(&request.method, &request.headers).map_err(error_response::internal)?
    };
    if response.status() != StatusCode::RANGE_NOT_SATISFIABLE {
        conditions::add_headers(response.headers_mut(), &address, &snapshot);
    }
    Ok(response)
}

async fn cache_name(
    address: &FileAddress,
    snapshot: &Snapshot,
    commit: ObjectId,
) -> Result<String, ApiError> {
    let (address, repository) = (address.clone(), snapshot.repository.clone());
    let name = snapshot.run(move || {
        address.cache_name(&repository, commit).map_err(|error| error::of_export(error, &repository))
    });
    name.await?
}

/// Makes the file of an address.
fn maker(
    address: &FileAddress,
    commit: ObjectId,
    repository: Repository,
) -> impl FnOnce(&Path, &Demand) -> Result<(), ApiError> + Send + 'static + use<> {
    let export = address.export(commit);
    move |path, demand| {
        let exported = export.write(&repository, path, demand);
        exported.map(drop).map_err(|error| error::of_export(error, &repository))
    }
}

fn served(cached: CachedFile, address: &FileAddress, snapshot: &Snapshot) -> Result<ServedFile, ApiError> {
    Ok(ServedFile {
        file: cached.file,
        length: cached.length,
        media_type: address.media_type(),
        tag: format!("\"{}\"", cached.tag).parse().map_err(error_response::internal)?,
        ranges: conditions::ranges(snapshot),
    })
}

impl FileAddress {
    fn job(&self, snapshot: &Snapshot, commit: ObjectId) -> ExportLayers {
        ExportLayers {
            repository: snapshot.repository.id().to_owned(),
            root: snapshot.version_name().to_owned(),
            commit: Some(commit.to_string()),
            layers: self.layer.iter().map(ToString::to_string).collect(),
            format: self.format,
            file_name: self.file_stem(snapshot),
            ..ExportLayers::default()
        }
    }
}
