//! Accepts connections and serves them.
//!
//! `axum::serve` has no timeout for a client that does not finish the head of its request.

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
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time,
};
use tokio_io_timeout::TimeoutStream;
use tower::Service;

use super::{
    open_connections::{OpenConnection, OpenConnections},
    unread_body::{DiscardingStream, UnreadBody},
};

/// Most connections at the same time, long polls and event streams included.
const MAX_CONNECTIONS: usize = 4096;
/// File descriptors reserved for repositories, uploads and the store; half of them where the process may open fewer than twice as
/// many, so that connections are refused before tasks fail.
const RESERVED_FILES: usize = 512;
/// Connections that are being refused at the same time, and how long each may take.
const MAX_REFUSALS: usize = 64;
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a client may stop reading a response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the head of a request may take, and how long a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest head of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// The open connections.
pub(super) struct Connections {
    graceful: GracefulShutdown,
    open: JoinSet<()>,
}

/// Accepts connections until `stop` completes; `service` handles their requests.
pub(super) async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    open: Arc<OpenConnections>,
    stop: impl Future<Output = ()>,
) -> Connections
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + 'static,
{
    let mut connections = Connections { graceful: GracefulShutdown::new(), open: JoinSet::new() };
    let refusals = Arc::new(Semaphore::new(MAX_REFUSALS));
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return connections,
            Some(_) = connections.open.join_next() => {}
            (stream, peer) = accept(&listener) => {
                let watcher = connections.graceful.watcher();
                match open.admit(peer) {
                    Some(open) => {
                        connections.open.spawn(serve_one(stream, service.clone(), watcher, open));
                    }
                    None => refuse(stream, &refusals),
                }
            }
        }
    }
}

impl Connections {
    /// Waits up to `grace` for running requests and closes the rest. Returns whether all of them completed.
    pub(super) async fn close(mut self, grace: Duration) -> bool {
        let have_completed = time::timeout(grace, self.graceful.shutdown()).await.is_ok();
        self.open.shutdown().await;
        have_completed
    }
}

/// How many connections the limit of open files permits. Raises the soft limit first, which is often low.
#[cfg(unix)]
pub(super) fn connection_limit() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = (MAX_CONNECTIONS + RESERVED_FILES) as u64;
    let allowed = limit.maximum.map_or(wanted, |most| most.min(wanted));
    if limit.current.is_some_and(|current| current < allowed) {
        limit.current = Some(allowed);
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::debug!(%error, "could not raise the limit of open files");
        }
    }
    let files = getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files).ok());
    files.map_or(MAX_CONNECTIONS, |files| {
        files.saturating_sub(RESERVED_FILES.min(files / 2)).min(MAX_CONNECTIONS)
    })
}

#[cfg(not(unix))]
pub(super) fn connection_limit() -> usize {
    MAX_CONNECTIONS
}

/// Answers a connection for which there is no room, and closes it. If too many are being refused, it is closed at once.
fn refuse(mut stream: TcpStream, refusals: &Arc<Semaphore>) {
    const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n\
        Content-Type: text/plain\r\nContent-Length: 54\r\n\r\nToo many connections are open; please try again later.";
    let Ok(refusal) = refusals.clone().try_acquire_owned() else { return };
    tokio::spawn(async move {
        let _refusal = refusal;
        let answering = async {
            stream.write_all(REFUSAL).await?;
            stream.shutdown().await?;
            // Until the client closes, or the connection would be reset before it has read the response.
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
        };
        let _ = time::timeout(REFUSAL_TIMEOUT, answering).await;
    });
}

async fn accept(listener: &TcpListener) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip()),
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                // Most likely out of file descriptors or memory, until other connections close.
                tracing::warn!(%error, "could not accept a connection");
                time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn serve_one<S, B>(stream: TcpStream, service: S, watcher: Watcher, open: OpenConnection)
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + 'static,
{
    // With Nagle's algorithm, small responses would wait for the acknowledgement of the data before them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not set TCP_NODELAY");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let unread = UnreadBody::default();
    let stream = DiscardingStream::new(Box::pin(stream), unread.clone());
    let service = service_fn(|request: Request<Incoming>| {
        let mut request = request.map(|body| Body::new(unread.watch(body)));
        let in_progress = open.request();
        request.extensions_mut().insert(in_progress.clone());
        // Every service of the stack is always ready.
        let response = service.clone().call(request);
        async move {
            let response = response.await;
            drop(in_progress);
            response
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        served = watcher.watch(connection) => {
            if let Err(error) = served {
                tracing::debug!(%error, "a connection ended early");
            }
        }
        () = open.evicted().cancelled_owned() => tracing::debug!("an idle connection was closed to make room"),
    }
}
