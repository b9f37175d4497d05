//! Takes connections and serves them.
//!
//! Not `axum::serve`: that never gives up on a client that does not finish its request's head.

use std::{convert::Infallible, future::Future, io, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{Request, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
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
use tower::Service;

use crate::web::Peer;

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

/// Accepts connections until `stop` is done; `service` handles their requests.
pub(super) async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    stop: impl Future<Output = ()>,
) -> Connections
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + 'static,
{
    let mut connections = Connections { graceful: GracefulShutdown::new(), open: JoinSet::new() };
    let places = Arc::new(Semaphore::new(places()));
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return connections,
            Some(_) = connections.open.join_next() => {}
            (stream, peer, place) = accept(&listener, &places) => {
                let watcher = connections.graceful.watcher();
                connections.open.spawn(serve_one(stream, peer, service.clone(), watcher, place));
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

async fn serve_one<S, B>(
    stream: TcpStream,
    peer: IpAddr,
    service: S,
    watcher: Watcher,
    _place: Option<OwnedSemaphorePermit>,
) where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + 'static,
{
    // Without it, small answers wait for the acknowledgement of what was sent before them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not set TCP_NODELAY");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(READER_PATIENCE));
    let service = service_fn(|request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        // Every service of the stack is always ready.
        service.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_header_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    if let Err(error) = watcher.watch(connection).await {
        // Clients come and go.
        tracing::debug!(%error, "a connection ended early");
    }
}
