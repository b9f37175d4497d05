//! Runs the server, from its settings to the graceful stop.

mod caches;
mod connections;
mod ended_tasks;
mod history;
mod index_maker;
mod open_connections;
mod signals;
mod task_engine;
mod unread_body;

use std::{io::Write, sync::Arc, time::Duration};

use anyhow::Context;
use longhaul_commands::ImportRoots;
use longhaul_repository::Repositories;
use longhaul_tasks_web::PublicAddress;
use tokio::net::TcpListener;

use self::{caches::Caches, task_engine::TaskEngine};
pub(crate) use ended_tasks::EndedTasks;
pub(crate) use open_connections::{OpenConnections, RequestInProgress};

use crate::{
    access::{Authenticator, Sessions, Tokens},
    data_folder::DataFolder,
    git::{self, GitBackend, GitLimits},
    settings::Settings,
    shared_places::SharedPlaces,
    upload::Receiver,
    web::{self, BlockingPool, Hosts, RepositoryStore, WebConfig},
};

/// How long requests and tasks may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(10);
/// Requests that read from repositories at the same time.
const READS: usize = 16;

/// Runs the server until a signal stops it.
///
/// Prints `listening on http://ADDRESS` on standard output when it accepts connections.
pub(crate) async fn serve(settings: Settings) -> anyhow::Result<()> {
    let mut signals = signals::Signals::listen()?;
    let tokens = settings.tokens.as_deref().map(Tokens::open).transpose()?.map(Arc::new);
    signals::reload_on_hangup(tokens.clone());
    let data = DataFolder::open(&settings.data)?;
    let repositories = Repositories::open(data.repos()).context("opening the repositories")?;
    let import_roots = ImportRoots::new(&settings.import_root)?;
    let caches = Caches::open(&settings, &data)?;
    let environment = task_engine::environment(
        &settings,
        &data,
        repositories.clone(),
        import_roots.clone(),
        index_maker::start(repositories.clone(), caches.indexes.clone())?,
        caches.indexes.cache().clone(),
    );
    let engine = TaskEngine::start(&settings, &data, environment).await?;
    let tasks = engine.tasks.clone();
    let listener = TcpListener::bind(settings.listen).await;
    let listener = listener.with_context(|| format!("listening on {}", settings.listen))?;
    let address = listener.local_addr().context("listening")?;
    let authenticator =
        tokens.map(|tokens| Authenticator::new(tokens, Sessions::of(&data.repos()), settings.trust_proxy));
    let open = OpenConnections::new(connections::connection_limit());
    let config = web_config(
        &settings,
        &data,
        repositories,
        import_roots,
        &engine,
        authenticator,
        caches.clone(),
        open.clone(),
    )?;
    let service = web::service(config)?;

    print_line(&format!("listening on http://{address}"));
    tracing::info!(%address, data = %settings.data.display(), version = env!("CARGO_PKG_VERSION"), "listening");
    let connections = connections::serve(listener, service, open, signals.stop()).await;
    tracing::info!("stopping; a second signal ends the server at once");
    tokio::spawn(async move {
        signals.stop().await;
        std::process::exit(130);
    });
    caches.stop();
    let (have_completed, have_ended) = tokio::join!(connections.close(GRACE), tasks.stop(GRACE));
    if !have_completed || !have_ended {
        tracing::warn!("some requests or tasks did not end in time and were interrupted");
    }
    if let Err(error) = engine.remove_unused_uploads(&data) {
        tracing::warn!(
            error = format!("{error:#}"),
            "could not remove unused uploads; the next start tries again"
        );
    }
    engine.close().await;
    tracing::info!("stopped");
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "these are the parts that a server is made of")]
fn web_config(
    settings: &Settings,
    data: &DataFolder,
    repositories: Repositories,
    import_roots: ImportRoots,
    engine: &TaskEngine,
    authenticator: Option<Authenticator>,
    caches: Caches,
    open_connections: Arc<OpenConnections>,
) -> anyhow::Result<WebConfig> {
    let places = SharedPlaces::new(open_connections.limit(), settings.git_processes);
    let address = match &settings.public_url {
        Some(url) => PublicAddress::fixed(url.to_string()),
        None => PublicAddress::of_request(),
    };
    let address = address.trust_proxy(settings.trust_proxy);
    let public_host = settings.public_url.as_ref().and_then(|url| url.host()).map(str::to_owned);
    let hosts = settings.allow_host.iter().cloned().chain(public_host);
    Ok(WebConfig {
        tasks: engine.tasks.clone(),
        git: git_backend(settings, data, &places)?,
        repository_locks: engine.repository_locks.clone(),
        repositories: RepositoryStore { repositories, pool: BlockingPool::shared(places.reads.clone()) },
        import_roots,
        receiver: Receiver::new(
            data.uploads(),
            settings.max_upload,
            settings.min_free,
            places.uploads.clone(),
        ),
        list_writers: BlockingPool::shared(places.lists.clone()),
        places,
        open_connections,
        layer_indexes: caches.indexes,
        layer_files: caches.files,
        authenticator,
        address,
        origins: settings.allow_origin.clone(),
        hosts: Hosts::new(hosts, !settings.listen.ip().is_loopback()),
        trust_proxy: settings.trust_proxy,
        default_branch: settings.default_branch.clone(),
        access_log: settings.access_log,
        ended_tasks: EndedTasks::watch(&engine.tasks, engine.input_names.clone()),
        store: engine.store.clone(),
    })
}

/// Git, with this program as its hook.
fn git_backend(settings: &Settings, data: &DataFolder, places: &SharedPlaces) -> anyhow::Result<GitBackend> {
    let program = std::env::current_exe().context("finding the program itself")?;
    let hooks = data.git_hooks();
    git::install_hooks(&hooks, &program).with_context(|| format!("making the folder {}", hooks.display()))?;
    let limits = GitLimits { memory: settings.git_memory, max_upload: settings.max_upload };
    Ok(GitBackend::new(program, hooks, limits, places))
}

/// Ignores errors: the parent process may have closed its end of the pipe.
fn print_line(line: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
