//! Counts requests by route and status, and refusals by reason.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::{MatchedPath, Request},
    http,
    middleware::Next,
    response::Response,
};
use futures_util::{TryFutureExt as _, future::MapOk};
use parking_lot::Mutex;
use tower::{Layer, Service};

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
    /// Counts the response of a route of tasks; `None`: of a route by which its request was [marked](mark), or of none.
    fn count<B>(&self, task_route: Option<&'static str>, response: &http::Response<B>) {
        let marked = response.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let route = marked.or(task_route).unwrap_or(NO_ROUTE);
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

/// The route of a request about tasks. These are not [marked](mark): that would cost a tenth of a poll.
fn task_route(path: &str) -> Option<&'static str> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let path = path.strip_suffix(".json").or_else(|| path.strip_suffix(".xml")).unwrap_or(path);
    let mut segments = path.strip_prefix("/tasks")?.split('/');
    match (segments.next(), segments.next(), segments.next(), segments.next()) {
        (Some(""), None, ..) => Some("/tasks"),
        (Some(""), Some("events"), None, _) => Some("/tasks/events"),
        (Some(""), Some("cancel"), None, _) => Some("/tasks/cancel"),
        (Some(""), Some("prune"), None, _) => Some("/tasks/prune"),
        (Some(""), Some(_), None, _) => Some("/tasks/{id}"),
        (Some(""), Some(_), Some("events"), None) => Some("/tasks/{id}/events"),
        (Some(""), Some(_), Some("download"), None) => Some("/tasks/{id}/download"),
        _ => None,
    }
}

/// Counts the responses to all requests.
#[derive(Clone)]
pub(super) struct HttpCountsLayer(pub(super) Arc<HttpCounts>);

#[derive(Clone)]
pub(super) struct Counting<S> {
    counts: Arc<HttpCounts>,
    inner: S,
}

impl<S> Layer<S> for HttpCountsLayer {
    type Service = Counting<S>;

    fn layer(&self, inner: S) -> Counting<S> {
        Counting { counts: self.0.clone(), inner }
    }
}

impl<S, B, R> Service<http::Request<B>> for Counting<S>
where
    S: Service<http::Request<B>, Response = http::Response<R>>,
{
    type Response = http::Response<R>;
    type Error = S::Error;
    type Future = MapOk<S::Future, Box<dyn FnOnce(http::Response<R>) -> http::Response<R> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let (counts, task_route) = (self.counts.clone(), task_route(request.uri().path()));
        self.inner.call(request).map_ok(Box::new(move |response| {
            counts.count(task_route, &response);
            response
        }))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routes_of_tasks_are_told_by_their_paths() {
        for (path, route) in [
            ("/tasks", "/tasks"),
            ("/tasks.json", "/tasks"),
            ("/tasks/", "/tasks"),
            ("/tasks/3.xml", "/tasks/{id}"),
            ("/tasks/events", "/tasks/events"),
            ("/tasks/cancel.json", "/tasks/cancel"),
            ("/tasks/prune", "/tasks/prune"),
            ("/tasks/3/events", "/tasks/{id}/events"),
            ("/tasks/3/download", "/tasks/{id}/download"),
        ] {
            assert_eq!(task_route(path), Some(route), "{path}");
        }
        for path in ["/", "/repos", "/tasksfoo", "/tasks/3/other", "/tasks/3/events/4", "/repos/tasks"] {
            assert_eq!(task_route(path), None, "{path}");
        }
    }
}
