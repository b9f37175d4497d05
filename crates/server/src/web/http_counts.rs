//! Counts requests by route and status, and refusals by reason.

use std::collections::{BTreeMap, HashMap};

use axum::{
    extract::{MatchedPath, Request},
    http,
    middleware::Next,
    response::Response,
};
use parking_lot::Mutex;

/// The label of requests that no route has answered: they were refused before, or there is none for them.
const NO_ROUTE: &str = "none";

/// How many requests were answered and refused since the start.
#[derive(Debug, Default)]
pub(super) struct HttpCounts {
    /// By the pattern of the route, of which there are few, and by status.
    answered: Mutex<HashMap<Box<str>, BTreeMap<u16, u64>>>,
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

/// Why a request for a task or an upload was refused; an extension of its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) &'static str);

/// The reasons that are counted; those for which nothing was refused are 0.
const REASONS: [&str; 10] = [
    "disk_full",
    "drained",
    "queue_full",
    "stalled",
    "stopping",
    "store_failed",
    "tasks_kept",
    "too_large",
    "uploads_busy",
    "user_limit",
];

impl HttpCounts {
    /// Counts a response, whose request was [marked](mark) if it came to a route.
    pub(super) fn count<B>(&self, response: &http::Response<B>) {
        let route = response.extensions().get::<MatchedPath>().map_or(NO_ROUTE, MatchedPath::as_str);
        let status = response.status().as_u16();
        let mut answered = self.answered.lock();
        match answered.get_mut(route) {
            Some(statuses) => *statuses.entry(status).or_default() += 1,
            None => drop(answered.insert(route.into(), BTreeMap::from([(status, 1)]))),
        }
        drop(answered);
        if let Some(Refusal(reason)) = response.extensions().get() {
            *self.refused.lock().entry(reason).or_default() += 1;
        }
    }

    /// The counts by route and status, sorted.
    pub(super) fn answered(&self) -> BTreeMap<(String, u16), u64> {
        let answered = self.answered.lock();
        let mut counts = BTreeMap::new();
        for (route, statuses) in &*answered {
            counts.extend(statuses.iter().map(|(status, count)| ((route.to_string(), *status), *count)));
        }
        counts
    }

    /// The counts of refusals by reason.
    pub(super) fn refused(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let refused = self.refused.lock().clone();
        REASONS.into_iter().map(move |reason| (reason, refused.get(reason).copied().unwrap_or_default()))
    }
}

/// A middleware of the router: notes the route of a request in its response.
pub(super) async fn mark(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}
