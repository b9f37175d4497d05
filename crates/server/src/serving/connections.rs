//! Takes connections and serves them.
//!
//! Not `axum::serve`: that never gives up on a client that does not finish its request's head.

use std::{convert::Infallible, future::Future, io, net::IpAddr, sync::Arc, time::Duration};

use futures_util::FutureExt;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time,
};
use tokio_io_timeout::TimeoutStream;

use crate::web::Gate;

/// Connections at the same time; more wait in the operating system's queue. Who waits for a change keeps one.
const MOST: usize = 4096;
/// File descriptors that are not for connections: repositories, uploads, the store.
const OTHERS: usize = 512;
/// How long a client may take nothing of what it is sent.
const READER_PATIENCE: Duration = Duration::from_secs(60);
/// How long a request's head may take, and a connection may be idle.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);
/// The longest head, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;

/// Connections that are still open.
pub(super) struct Connections {
    graceful: GracefulShutdown,
    open: JoinSet<()>,
}

/// Takes connections until `stop` is done.
pub(super) async fn serve(listener: TcpListener, gate: Gate, stop: impl Future<Output = ()>) -> Connections {
    let mut connections = Connections { graceful: GracefulShutdown::new(), open: JoinSet::new() };
    let places = Arc::new(Semaphore::new(places()));
    let gate = Arc::new(gate);
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return connections,
            Some(_) = connections.open.join_next() => {}
            (stream, peer, place) = accept(&listener, &places) => {
                let watcher = connections.graceful.watcher();
                connections.open.spawn(serve_one(stream, peer, gate.clone(), watcher, place));
            }
        }
    }
}

impl Connections {
    /// Lets requests that are being answered end, and cuts those that have not after `grace`. Whether none had to be cut.
    pub(super) async fn close(mut self, grace: Duration) -> bool {
        let are_closed = time::timeout(grace, self.graceful.shutdown()).await.is_ok();
        self.open.shutdown().await;
        are_closed
    }
}

/// As many connections as the operating system lets us have beside our files. The limit that is handed down is often a low one
/// that every program may raise.
#[cfg(unix)]
fn places() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = (MOST + OTHERS) as u64;
    let allowed = limit.maximum.map_or(wanted, |most| most.min(wanted));
    if limit.current.is_some_and(|current| current < allowed) {
        limit.current = Some(allowed);
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::debug!(%error, "could not raise the limit of open files");
        }
    }
    let files = getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files).ok());
    files.map_or(MOST, |files| files.saturating_sub(OTHERS).clamp(MOST / 16, MOST))
}

#[cfg(not(unix))]
fn places() -> usize {
    MOST
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, IpAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let place = places.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip(), place),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Out of file descriptors or memory, most likely: it passes when connections close.
                tracing::warn!(%error, "could not take a connection");
                time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn serve_one(
    stream: TcpStream,
    peer: IpAddr,
    gate: Arc<Gate>,
    watcher: Watcher,
    _place: Option<OwnedSemaphorePermit>,
) {
    // Without it, small answers wait for the acknowledgement of what was sent before them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not set TCP_NODELAY");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(READER_PATIENCE));
    let answers = service_fn(|request| gate.answer(request, peer).map(Ok::<_, Infallible>));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_header_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(Box::pin(stream)), answers);
    if let Err(error) = watcher.watch(connection).await {
        // Clients come and go.
        tracing::debug!(%error, "a connection ended early");
    }
}
