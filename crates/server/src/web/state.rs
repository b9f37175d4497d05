use std::sync::Arc;

use axum::extract::FromRef;
use longhaul_commands::{ImportRoots, RepositoryLocks};
use longhaul_tasks::{SqliteStore, Tasks};
use longhaul_tasks_web::{AllowedOrigins, RequestCounts};

use super::{
    BlockingPool, DeleteTokens, LayerFiles, LayerIndexes, http_counts::HttpCounts,
    repository_store::RepositoryStore,
};
use crate::{
    access::Authenticator,
    git::GitBackend,
    serving::{EndedTasks, OpenConnections},
    shared_places::SharedPlaces,
    upload::Receiver,
};

/// The state of the routes. Each handler extracts the parts that it needs.
#[derive(Clone)]
pub(super) struct WebState(pub(super) Arc<StateParts>);

pub(super) struct StateParts {
    pub(super) tasks: Tasks,
    pub(super) request_counts: RequestCounts,
    pub(super) repositories: RepositoryStore,
    pub(super) import_roots: ImportRoots,
    pub(super) receiver: Arc<Receiver>,
    pub(super) git: GitBackend,
    pub(super) repository_locks: RepositoryLocks,
    pub(super) list_writers: ListWriters,
    pub(super) layer_indexes: LayerIndexes,
    pub(super) layer_files: LayerFiles,
    pub(super) delete_tokens: Arc<DeleteTokens>,
    pub(super) allowed_origins: AllowedOrigins,
    pub(super) default_branch: DefaultBranch,
    pub(super) authenticator: Option<Arc<Authenticator>>,
    pub(super) places: SharedPlaces,
    pub(super) open_connections: Arc<OpenConnections>,
    pub(super) ended_tasks: Arc<EndedTasks>,
    /// The store with the history; `None` if tasks are in memory only.
    pub(super) store: Option<SqliteStore>,
    pub(super) http_counts: Arc<HttpCounts>,
}

/// The threads that write lists as fast as clients read them.
#[derive(Clone)]
pub(super) struct ListWriters(pub(super) BlockingPool);

/// The first branch of new repositories.
#[derive(Clone)]
pub(super) struct DefaultBranch(pub(super) Arc<str>);

/// Lets handlers extract a field of the state by its type.
macro_rules! parts_of_state {
    ($($field:ident: $part:ty,)*) => {
        $(impl FromRef<WebState> for $part {
            fn from_ref(state: &WebState) -> Self {
                state.0.$field.clone()
            }
        })*
    };
}

parts_of_state! {
    tasks: Tasks,
    repositories: RepositoryStore,
    import_roots: ImportRoots,
    receiver: Arc<Receiver>,
    git: GitBackend,
    repository_locks: RepositoryLocks,
    list_writers: ListWriters,
    layer_indexes: LayerIndexes,
    layer_files: LayerFiles,
    delete_tokens: Arc<DeleteTokens>,
    allowed_origins: AllowedOrigins,
    default_branch: DefaultBranch,
}
