use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use axum::http::Extensions;
use tokio_util::sync::CancellationToken;

use crate::access::network;

/// Pause between two log lines about connections that are closed or refused.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// The open connections. When as many are open as may be, the next one takes the place of one that is idle, so that idle
/// connections keep nobody out.
#[derive(Debug)]
pub(crate) struct OpenConnections {
    limit: usize,
    started: Instant,
    open: Mutex<Open>,
    closed: AtomicU64,
    refused: AtomicU64,
}

#[derive(Debug, Default)]
struct Open {
    connections: HashMap<u64, Arc<Connection>>,
    last_id: u64,
    logged: Option<Instant>,
}

/// An open connection.
#[derive(Debug)]
struct Connection {
    peer: IpAddr,
    network: IpAddr,
    /// Requests that are being handled, or whose response is being made while it is sent.
    requests: AtomicUsize,
    /// When the last of them ended, in milliseconds after the server's start.
    idle_since: AtomicU64,
    evicted: CancellationToken,
    started: Instant,
}

/// An entry of [`OpenConnections`], which this value removes when it is dropped.
pub(super) struct OpenConnection {
    all: Arc<OpenConnections>,
    id: u64,
    connection: Arc<Connection>,
}

/// A request that keeps its connection from counting as idle, as long as there is a clone of this value; an extension of each
/// request.
#[derive(Debug)]
pub(crate) struct RequestInProgress(Arc<Connection>);

impl OpenConnections {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            started: Instant::now(),
            open: Mutex::default(),
            closed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        })
    }

    /// How many there may be.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.open().connections.len()
    }

    /// How many idle ones were closed to make room, and how many new ones were refused.
    pub(crate) fn closed_and_refused(&self) -> (u64, u64) {
        (self.closed.load(Relaxed), self.refused.load(Relaxed))
    }

    /// Adds a connection from this address; `None` if as many are open as may be, and none is idle.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<OpenConnection> {
        let mut open = self.open();
        if open.connections.len() >= self.limit {
            open.log_when_due(self.limit);
            // Several at once, because all are looked through for that.
            let closed = open.evict_idle((self.limit / 64).max(1));
            self.closed.fetch_add(closed, Relaxed);
            if closed == 0 {
                self.refused.fetch_add(1, Relaxed);
                return None;
            }
        }
        open.last_id += 1;
        let connection = Arc::new(Connection {
            peer,
            network: network(peer),
            requests: AtomicUsize::new(0),
            idle_since: AtomicU64::new(milliseconds_since(self.started)),
            evicted: CancellationToken::new(),
            started: self.started,
        });
        let id = open.last_id;
        open.connections.insert(id, connection.clone());
        Some(OpenConnection { all: self.clone(), id, connection })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Closes, of the network with the most idle connections, up to `count` that have been idle the longest. Returns how many.
    fn evict_idle(&mut self, count: usize) -> u64 {
        let idle =
            || self.connections.iter().filter(|(_, connection)| connection.requests.load(Relaxed) == 0);
        let mut by_network = HashMap::<IpAddr, usize>::new();
        idle().for_each(|(_, connection)| *by_network.entry(connection.network).or_default() += 1);
        let Some((network, _)) = by_network.into_iter().max_by_key(|(_, count)| *count) else { return 0 };
        let of_network = idle().filter(|(_, connection)| connection.network == network);
        let mut of_network: Vec<_> =
            of_network.map(|(id, connection)| (connection.idle_since.load(Relaxed), *id)).collect();
        of_network.sort_unstable();
        of_network.truncate(count);
        let closed = of_network.iter().filter_map(|(_, id)| self.connections.remove(id));
        closed.map(|connection| connection.evicted.cancel()).count() as u64
    }

    fn log_when_due(&mut self, limit: usize) {
        if self.logged.is_none_or(|logged| logged.elapsed() >= LOG_INTERVAL) {
            self.logged = Some(Instant::now());
            tracing::warn!(limit, "all connections are taken; idle ones are closed, or new ones are refused");
        }
    }
}

impl OpenConnection {
    /// A request of this connection.
    pub(super) fn request(&self) -> RequestInProgress {
        self.connection.requests.fetch_add(1, Relaxed);
        RequestInProgress(self.connection.clone())
    }

    /// Completes when the connection must close, to make room for another one.
    pub(super) fn evicted(&self) -> CancellationToken {
        self.connection.evicted.clone()
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.all.open().connections.remove(&self.id);
    }
}

impl RequestInProgress {
    /// The address of the client, or of the proxy in front of it; of this machine if the request came in by no connection.
    pub(crate) fn peer_of(extensions: &Extensions) -> IpAddr {
        let request = extensions.get::<Self>();
        request.map_or(IpAddr::from(Ipv4Addr::LOCALHOST), |request| request.0.peer)
    }
}

impl Clone for RequestInProgress {
    fn clone(&self) -> Self {
        self.0.requests.fetch_add(1, Relaxed);
        Self(self.0.clone())
    }
}

impl Drop for RequestInProgress {
    fn drop(&mut self) {
        if self.0.requests.fetch_sub(1, Relaxed) == 1 {
            self.0.idle_since.store(milliseconds_since(self.0.started), Relaxed);
        }
    }
}

fn milliseconds_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;

    fn address(host: u8) -> IpAddr {
        [192, 0, 2, host].into()
    }

    #[test]
    fn an_idle_connection_of_the_network_with_the_most_of_them_makes_room() {
        let all = OpenConnections::new(3);
        let stranger = all.admit(address(1)).unwrap();
        let idle = [all.admit(address(2)).unwrap(), all.admit(address(2)).unwrap()];
        let newcomer = all.admit(address(3)).unwrap();
        assert_eq!(idle.iter().filter(|one| one.evicted().is_cancelled()).count(), 1);
        assert!(!stranger.evicted().is_cancelled());
        let busy = [stranger.request(), newcomer.request(), idle[0].request(), idle[1].request()];
        assert!(all.admit(address(4)).is_none());
        assert_eq!((all.count(), all.closed_and_refused()), (3, (1, 1)));
        let clone = busy[0].clone();
        drop(busy);
        drop((clone, idle));
        assert!(all.admit(address(4)).is_some());
    }
}
