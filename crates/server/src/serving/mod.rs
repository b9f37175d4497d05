//! Runs the server: from its settings to its end.

mod connections;
mod engine;
mod signals;

use std::{io::Write, sync::Arc, time::Duration};

use anyhow::Context;
use longhaul_commands::ImportRoots;
use longhaul_repository::Repositories;
use longhaul_tasks::Tasks;
use longhaul_tasks_web::PublicAddress;
use tokio::net::TcpListener;

use crate::{
    access::{Guard, Tokens},
    data_folder::DataFolder,
    settings::Settings,
    upload::Receiver,
    web::{self, BlockingPool, Hosts, RepositoryStore, WebConfig},
};

/// How long requests and tasks may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(10);
/// Requests that may read from repositories at the same time, and lists that may be on their way.
const READS: usize = 16;
const STREAMS: usize = 16;

/// Serves until it is told to stop.
///
/// Says `listening on http://ADDRESS` on standard output once it takes connections.
pub(crate) async fn serve(settings: Settings) -> anyhow::Result<()> {
    let mut signals = signals::Signals::listen()?;
    let tokens = settings.tokens.as_deref().map(Tokens::open).transpose()?.map(Arc::new);
    tokens.iter().for_each(signals::reload_on_hangup);
    let data = DataFolder::take(&settings.data)?;
    let repositories = Repositories::open(data.repos()).context("opening the repositories")?;
    repositories.sweep().context("opening the repositories")?;
    let import_roots = ImportRoots::new(&settings.import_root)?;
    let engine = engine::Engine::start(&settings, &data, repositories.clone(), import_roots.clone()).await?;
    let tasks = engine.tasks.clone();
    let listener = TcpListener::bind(settings.listen).await;
    let listener = listener.with_context(|| format!("listening on {}", settings.listen))?;
    let address = listener.local_addr().context("listening")?;
    let guard = tokens.map(|tokens| Guard::new(tokens, settings.trust_proxy));
    let service =
        web::service(web_config(&settings, &data, repositories, import_roots, tasks.clone(), guard));

    say(&format!("listening on http://{address}"));
    tracing::info!(%address, data = %settings.data.display(), version = env!("CARGO_PKG_VERSION"), "listening");
    let connections = connections::serve(listener, service, signals.stop()).await;
    tracing::info!("stopping; a second signal ends the server at once");
    tokio::spawn(async move {
        signals.stop().await;
        std::process::exit(130);
    });
    let (are_closed, are_out) = tokio::join!(connections.close(GRACE), tasks.stop(GRACE));
    if !are_closed || !are_out {
        tracing::warn!("some requests or tasks did not end in time and were cut");
    }
    if let Err(error) = engine.clear(&data) {
        tracing::warn!(error = format!("{error:#}"), "some files were left, and go at the next start");
    }
    engine.close().await;
    tracing::info!("stopped");
    Ok(())
}

fn web_config(
    settings: &Settings,
    data: &DataFolder,
    repositories: Repositories,
    import_roots: ImportRoots,
    tasks: Tasks,
    guard: Option<Guard>,
) -> WebConfig {
    let address = match &settings.public_url {
        Some(url) => PublicAddress::fixed(url.to_string()),
        None => PublicAddress::of_request(),
    };
    let address = address.trust_proxy(settings.trust_proxy);
    let public_host = settings.public_url.as_ref().and_then(|url| url.host()).map(str::to_owned);
    let hosts = settings.allow_host.iter().cloned().chain(public_host);
    WebConfig {
        tasks,
        repositories: RepositoryStore { repositories, pool: BlockingPool::new(READS) },
        import_roots,
        receiver: Receiver::new(data.uploads(), settings.max_upload, settings.min_free),
        list_writers: BlockingPool::new(STREAMS),
        guard,
        address,
        origins: settings.allow_origin.clone(),
        hosts: Hosts::new(hosts, !settings.listen.ip().is_loopback()),
        trust_proxy: settings.trust_proxy,
        default_branch: settings.default_branch.clone(),
    }
}

/// Whoever started the server may have stopped reading; that is no reason not to serve.
fn say(line: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
