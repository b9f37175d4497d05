//! The task engine, and what it takes up that an earlier server left.

use anyhow::Context;
use longhaul_commands::{
    DownloadOsm, Environment, ImportGeopackage, ImportOsm, ImportRoots, RepositoryLocks,
};
use longhaul_repository::Repositories;
use longhaul_tasks::{
    Filter, Registry, SqliteStore, Status, Tasks,
    store::{Journal, Transition, View},
};

use crate::{
    data_folder::DataFolder,
    jobs::{DeleteRepository, INTERNAL, RenameRepository},
    settings::{Settings, StoreKind},
};

/// A running engine, and where it keeps its tasks; `None`: nowhere beyond the end of the server.
pub(super) struct Engine {
    pub(super) tasks: Tasks,
    store: Option<SqliteStore>,
}

impl Engine {
    /// Takes up the tasks of an earlier server, clears away what none of them needs, and starts.
    pub(super) async fn start(
        settings: &Settings,
        data: &DataFolder,
        repositories: Repositories,
        import_roots: ImportRoots,
    ) -> anyhow::Result<Self> {
        let store = match settings.store {
            StoreKind::Memory => None,
            StoreKind::Sqlite => Some(open(data).await?),
        };
        if let Some(store) = &store {
            drop_what_nobody_waits_for(store).await.context("taking up earlier tasks")?;
        }
        let may_be_sealed = match &store {
            Some(store) => has_running_tasks(store).await.context("taking up earlier tasks")?,
            None => false,
        };
        repositories.sweep(may_be_sealed).context("opening the repositories")?;
        let registry = registry(environment(settings, data, repositories, import_roots));
        let builder = Tasks::builder(registry)
            .keep(settings.keep)
            .task_timeout(settings.task_timeout)
            .max_unfinished(settings.max_queue)
            .max_per_owner(settings.max_per_user)
            .max_tasks(settings.max_tasks)
            .max_attempts(settings.max_attempts)
            .results(data.results());
        let builder = match settings.workers {
            Some(workers) => builder.workers(workers),
            None => builder,
        };
        let builder = match store.clone() {
            Some(store) => builder.store(store),
            None => builder,
        };
        clear(data, store.as_ref())?;
        Ok(Self { tasks: builder.start(), store })
    }

    /// Closes the database, so that its one file is all there is to copy.
    pub(super) async fn close(self) {
        if let Some(store) = self.store {
            let _ = tokio::task::spawn_blocking(move || store.close()).await;
        }
    }

    /// Removes the files that no task needs.
    pub(super) fn clear(&self, data: &DataFolder) -> anyhow::Result<()> {
        clear(data, self.store.as_ref())
    }
}

fn environment(
    settings: &Settings,
    data: &DataFolder,
    repositories: Repositories,
    import_roots: ImportRoots,
) -> Environment {
    Environment {
        repositories,
        threads: std::thread::available_parallelism().map_or(1, |cores| cores.get()),
        scratch: data.uploads(),
        osm_node_memory: settings.osm_node_memory,
        import_roots,
        overpass: settings.overpass.clone(),
        repository_locks: RepositoryLocks::default(),
    }
}

fn registry(environment: Environment) -> Registry<Environment> {
    Registry::new(environment)
        .with::<ImportGeopackage>()
        .with::<ImportOsm>()
        .with::<DownloadOsm>()
        .with::<DeleteRepository>()
        .with::<RenameRepository>()
}

async fn open(data: &DataFolder) -> anyhow::Result<SqliteStore> {
    let path = data.tasks();
    let opened = tokio::task::spawn_blocking(move || SqliteStore::open(path)).await?;
    opened.with_context(|| format!("opening {}", data.tasks().display()))
}

fn clear(data: &DataFolder, store: Option<&SqliteStore>) -> anyhow::Result<()> {
    data.clear(store.map(SqliteStore::files).unwrap_or_default())
}

/// A deletion or renaming is for a client that waits for it, and went with the server: it must not surprise
/// whoever uses the repository now. One that has happened has happened.
async fn drop_what_nobody_waits_for(store: &SqliteStore) -> anyhow::Result<()> {
    let unfinished = Filter { status: vec![Status::Waiting, Status::Running], ..Filter::default() };
    let records = store.list(&unfinished).await?;
    let left = records.iter().filter(|record| INTERNAL.contains(&&*record.task.kind));
    let cancels: Vec<_> = left.map(|record| Transition::CancelRequested { id: record.task.id }).collect();
    store.write(cancels).await?;
    Ok(())
}

/// Whether a server that was killed left tasks that were running. They may have been sealed, and what they need to complete
/// their publication must stay.
async fn has_running_tasks(store: &SqliteStore) -> anyhow::Result<bool> {
    let running = Filter { status: vec![Status::Running], limit: Some(1), ..Filter::default() };
    Ok(!store.list(&running).await?.is_empty())
}
