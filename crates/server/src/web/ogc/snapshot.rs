//! The version of a repository that a path names.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};
use longhaul_geodata::Layer;
use longhaul_repository::{Dataset, DatasetPath, ObjectId, Repository};
use longhaul_tasks_web::{ApiError, Renderer};
use percent_encoding::percent_decode_str;

use super::{collection_id, coordinates::LayerCrs};
use crate::web::{
    Reader, Repo, WebState,
    error_response::{self, ErrorResponse},
    repository_store::RepositoryStore,
};

/// A commit of a repository that the caller may read: the one that HEAD stands at, or that of `/at/{revision}`.
pub(in crate::web) struct Snapshot {
    pub(in crate::web) repository: Repository,
    /// None in a repository without commits.
    pub(in crate::web) commit: Option<ObjectId>,
    /// The address of the repository or of its version, without a slash at its end.
    pub(in crate::web) base: String,
    /// The address of the commit, whatever version was asked for.
    pub(in crate::web) permanent_base: String,
    version: Option<String>,
    /// What follows the version in the path: `collections`, an id, and so on, decoded.
    rest: Vec<String>,
    store: RepositoryStore,
}

/// A layer of a version.
pub(in crate::web) struct Collection {
    pub(in crate::web) id: String,
    pub(in crate::web) layer: Layer,
    pub(in crate::web) crs: LayerCrs,
    pub(in crate::web) dataset: Arc<Dataset>,
}

impl FromRequestParts<WebState> for Snapshot {
    type Rejection = ErrorResponse;

    async fn from_request_parts(request: &mut Parts, state: &WebState) -> Result<Self, ErrorResponse> {
        let Repo(repository, _) = Repo::<Reader>::from_request_parts(request, state).await?;
        let root = Renderer::from_request_parts(request, state).await.unwrap_or_default().base;
        let segments: Vec<&str> = request.uri.path().split('/').skip(1).collect();
        let (version, rest) = match &segments[..] {
            [_, _, "at", revision, rest @ ..] => (Some(*revision), rest),
            [_, _, rest @ ..] => (None, rest),
            _ => (None, &[][..]),
        };
        let of_repository = format!("{}/repos/{}", root.as_str(), repository.name());
        let base = match version {
            Some(revision) => format!("{of_repository}/at/{revision}"),
            None => of_repository.clone(),
        };
        let store = RepositoryStore::from_ref(state);
        let version = version.map(decoded);
        let commit = commit(&store, &repository, version.clone()).await?;
        let permanent_base = match commit {
            Some(commit) => format!("{of_repository}/at/{commit}"),
            None => base.clone(),
        };
        let rest = rest.iter().map(|segment| decoded(segment)).collect();
        Ok(Self { repository, commit, base, permanent_base, version, rest, store })
    }
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

async fn commit(
    store: &RepositoryStore,
    repository: &Repository,
    revision: Option<String>,
) -> Result<Option<ObjectId>, ApiError> {
    let repository = repository.clone();
    let found = store.pool.run(move || match &revision {
        Some(revision) => repository.commit_named(revision).map(Some),
        None => repository.head_commit(),
    });
    found.await?.map_err(|error| match error {
        longhaul_repository::ReadError::UnknownRevision(revision) => {
            ApiError::not_found(format!("There is no version '{revision}'."))
        }
        error => error_response::internal(error),
    })
}

impl Snapshot {
    /// What a person calls the version: as in the path, or HEAD.
    pub(in crate::web) fn version_name(&self) -> &str {
        self.version.as_deref().unwrap_or("HEAD")
    }

    /// Whether the path names the commit by its whole id, so that what it leads to never changes.
    pub(in crate::web) fn is_permanent(&self) -> bool {
        self.commit.is_some_and(|commit| self.version.as_deref() == Some(&commit.to_string()))
    }

    /// What follows the version in the path, decoded.
    pub(in crate::web) fn path(&self) -> String {
        self.rest.join("/")
    }

    /// The segment of the path at `at`, counted from the version.
    pub(in crate::web) fn segment(&self, at: usize) -> &str {
        self.rest.get(at).map_or("", String::as_str)
    }

    /// The layers with their ids, in order.
    pub(in crate::web) async fn collections(&self) -> Result<Vec<Collection>, ApiError> {
        let Some(commit) = self.commit else { return Ok(Vec::new()) };
        let repository = self.repository.clone();
        let loaded = self.store.pool.run(move || {
            let mut collections = Vec::new();
            for (id, path) in collection_id::of_layers(repository.datasets(commit)?) {
                collections.extend(open(&repository, commit, id, &path)?);
            }
            Ok::<_, longhaul_repository::DatasetError>(collections)
        });
        loaded.await?.map_err(error_response::internal)
    }

    /// The layer that the path names.
    ///
    /// # Errors
    /// 404 if there is none.
    pub(in crate::web) async fn collection(&self) -> Result<Collection, ApiError> {
        let id = self.segment(1).to_owned();
        let missing = ApiError::not_found(format!("There is no collection '{id}'."));
        let Some(commit) = self.commit else { return Err(missing) };
        let repository = self.repository.clone();
        let loaded = self.store.pool.run(move || {
            let ids = collection_id::of_layers(repository.datasets(commit)?);
            let found = ids.into_iter().find(|(known, _)| *known == id);
            let opened = found.map(|(id, path)| open(&repository, commit, id, &path));
            opened.transpose().map(Option::flatten)
        });
        let found: Result<_, longhaul_repository::DatasetError> = loaded.await?;
        found.map_err(error_response::internal)?.ok_or(missing)
    }

    /// Runs blocking work.
    pub(in crate::web) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        self.store.pool.run(work).await
    }
}

fn open(
    repository: &Repository,
    commit: ObjectId,
    id: String,
    path: &DatasetPath,
) -> Result<Option<Collection>, longhaul_repository::DatasetError> {
    let Some(dataset) = repository.dataset(commit, path)? else { return Ok(None) };
    let layer = dataset.layer()?;
    Ok(Some(Collection { id, crs: LayerCrs::of(&layer), layer, dataset: Arc::new(dataset) }))
}
