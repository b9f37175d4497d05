//! Starts the task engine, with the tasks of an earlier server.

use std::sync::Arc;

use anyhow::Context;
use longhaul_commands::{
    CommitListener, DownloadOsm, Environment, ExportDiff, ExportLayers, ImportGeopackage, ImportOsm,
    ImportRoots, InputNames, RepositoryLocks, RevertCommits, sealed_publication,
};
use longhaul_layer_index::IndexCache;
use longhaul_repository::Repositories;
use longhaul_tasks::{
    Filter, Registry, SqliteStore, Status, Tasks,
    store::{Command, Store as _, TaskCommand},
};

use super::history;
use crate::{
    data_folder::DataFolder,
    jobs::{DeleteRepository, INTERNAL, RenameRepository},
    settings::{Settings, StoreKind},
};

/// The running task engine and its store; without a store, tasks are in memory only.
pub(super) struct TaskEngine {
    pub(super) tasks: Tasks,
    pub(super) repository_locks: RepositoryLocks,
    pub(super) input_names: InputNames,
    pub(super) store: Option<SqliteStore>,
}

impl TaskEngine {
    /// Opens the store, removes files that no task needs, and starts the engine, which resumes the tasks of an earlier server.
    pub(super) async fn start(
        settings: &Settings,
        data: &DataFolder,
        environment: Environment,
    ) -> anyhow::Result<Self> {
        let store = match settings.store {
            StoreKind::Memory => None,
            StoreKind::Sqlite => Some(open_store(settings, data).await?),
        };
        if let Some(store) = &store {
            cancel_internal_tasks(store).await.context("reading the tasks of an earlier server")?;
        }
        let intents = store.as_ref().map(SqliteStore::sealed_intents).unwrap_or_default();
        let sealed: Vec<_> = intents.iter().filter_map(|intent| sealed_publication(intent)).collect();
        environment.repositories.sweep(&sealed).context("opening the repositories")?;
        let repository_locks = environment.repository_locks.clone();
        let input_names = environment.input_names.clone();
        let builder = Tasks::builder(registry(environment))
            .keep(settings.keep)
            .task_timeout(settings.task_timeout)
            .max_unfinished(settings.max_queue)
            .max_bytes(settings.max_queue_size)
            .max_per_owner(settings.max_per_user)
            .max_tasks(settings.max_tasks)
            .max_attempts(settings.max_attempts)
            .files(data.path())
            .results(data.results());
        let builder = match settings.workers {
            Some(workers) => builder.workers(workers),
            None => builder,
        };
        let builder = match store.clone() {
            Some(store) => builder.store(store),
            None => builder,
        };
        remove_unused_uploads(data, store.as_ref())?;
        Ok(Self { tasks: builder.start(), repository_locks, input_names, store })
    }

    /// Closes the database: the write-ahead log is merged into the one database file.
    pub(super) async fn close(self) {
        if let Some(store) = self.store {
            let _ = tokio::task::spawn_blocking(move || store.close()).await;
        }
    }

    /// Removes uploaded files that no task needs.
    pub(super) fn remove_unused_uploads(&self, data: &DataFolder) -> anyhow::Result<()> {
        remove_unused_uploads(data, self.store.as_ref())
    }
}

/// What the jobs use.
pub(super) fn environment(
    settings: &Settings,
    data: &DataFolder,
    repositories: Repositories,
    import_roots: ImportRoots,
    commit_listener: CommitListener,
    layer_indexes: Arc<IndexCache>,
) -> Environment {
    Environment {
        repositories,
        threads: std::thread::available_parallelism().map_or(1, |cores| cores.get()),
        data: data.path().to_owned(),
        scratch: data.uploads(),
        osm_node_memory: settings.osm_node_memory,
        import_roots,
        overpass: settings.overpass.clone(),
        repository_locks: RepositoryLocks::default(),
        commit_listener,
        input_names: InputNames::default(),
        layer_indexes: Some(layer_indexes),
    }
}

fn registry(environment: Environment) -> Registry<Environment> {
    Registry::new(environment)
        .with::<ImportGeopackage>()
        .with::<ImportOsm>()
        .with::<DownloadOsm>()
        .with::<RevertCommits>()
        .with::<ExportLayers>()
        .with::<ExportDiff>()
        .with::<DeleteRepository>()
        .with::<RenameRepository>()
}

async fn open_store(settings: &Settings, data: &DataFolder) -> anyhow::Result<SqliteStore> {
    let path = data.tasks();
    let options = SqliteStore::options();
    let options = match history::options(settings) {
        Some(history) => options.history(history),
        None => options,
    };
    let opened = tokio::task::spawn_blocking(move || options.open(path)).await?;
    opened.with_context(|| format!("opening {}", data.tasks().display()))
}

fn remove_unused_uploads(data: &DataFolder, store: Option<&SqliteStore>) -> anyhow::Result<()> {
    data.remove_unused_uploads(store.map(SqliteStore::files).unwrap_or_default())
}

/// Cancels deletions and renamings of repositories that an earlier server did not finish. Their clients have lost the connection;
/// running them now would surprise the users of the repository. A sealed one is rolled forward all the same.
async fn cancel_internal_tasks(store: &SqliteStore) -> anyhow::Result<()> {
    let unfinished = Filter { status: vec![Status::Waiting, Status::Running], ..Filter::default() };
    let unfinished = INTERNAL.map(|kind| Filter { kind: Some(kind.into()), ..unfinished.clone() });
    for filter in unfinished {
        // At most a page of them: each had a client that waited for it.
        let records = store.page(&filter).await?.records;
        let cancel = |id| Command::Change { id, command: TaskCommand::Cancel };
        store.apply(records.iter().map(|record| cancel(record.task.id)).collect()).await?;
    }
    Ok(())
}
