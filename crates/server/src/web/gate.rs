//! What stands before every route: is the request for this server?

use std::{any::Any, net::IpAddr, panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::FutureExt;
use tasks_web::{ApiError, Printer};
use tower::Service;

use super::{Hosts, failure};
use crate::{
    access::{Denied, Guard},
    upload,
};

/// The routes, behind the gate.
///
/// Not a stack of layers: each of those would box and copy what passes, for every poll.
#[derive(Clone)]
pub(crate) struct Gate {
    hosts: Arc<Hosts>,
    trust_proxy: bool,
    /// Absent where everybody may do everything.
    guard: Option<Arc<Guard>>,
    routes: Routes,
}

/// The routes, as they are and as pages of other origins may use them.
#[derive(Clone)]
pub(super) struct Routes {
    pub(super) plain: Router,
    /// Takes every OPTIONS for a browser's question whether a page may ask.
    pub(super) shared: Router,
    /// Tells those who are not let in why; so that a page of another origin can read it, too.
    pub(super) denied: Router,
}

impl Routes {
    fn of<B>(&mut self, request: &Request<B>) -> &mut Router {
        let is_plain = request.method() == Method::OPTIONS
            && !request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if is_plain { &mut self.plain } else { &mut self.shared }
    }
}

impl Gate {
    /// Lets requests through to `routes` that name one of `hosts`; a proxy that is trusted says what it was asked for itself.
    pub(super) fn new(
        hosts: Arc<Hosts>,
        trust_proxy: bool,
        guard: Option<Arc<Guard>>,
        routes: Routes,
    ) -> Self {
        Self { hosts, trust_proxy, guard, routes }
    }

    /// Answers a request, whatever happens on the way.
    ///
    /// One that names a host of somebody else's is refused, so that a web page cannot reach the server under a name of its
    /// own (DNS rebinding). `peer` is who has made the connection.
    pub(crate) async fn answer<B>(mut self, mut request: Request<B>, peer: IpAddr) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let mut response = match self.refusal(&request) {
            Some((status, text)) => {
                let (request, body) = request.into_parts();
                upload::decline(&request.headers, Body::new(body)).await;
                (status, [(header::CONTENT_TYPE, "text/plain;charset=UTF-8")], text).into_response()
            }
            None => {
                let routes = match self.admit(&mut request, peer) {
                    Ok(()) => self.routes.of(&request),
                    Err(denied) => {
                        request.extensions_mut().insert(denied);
                        &mut self.routes.denied
                    }
                };
                let answer = routes.call(request.map(Body::new));
                match AssertUnwindSafe(answer).catch_unwind().await {
                    Ok(Ok(response)) => response,
                    Err(panic) => panicked(panic),
                }
            }
        };
        // Answers repeat names that others chose; no browser may take them for pages.
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // A poller must see the task as it is, and some of our GETs change something.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// Finds out who the sender is, where that matters.
    fn admit<B>(&self, request: &mut Request<B>, peer: IpAddr) -> Result<(), Denied> {
        let Some(guard) = &self.guard else { return Ok(()) };
        if is_open(request.method(), request.uri().path()) {
            return Ok(());
        }
        let caller = guard.admit(request.headers(), peer)?;
        request.extensions_mut().insert(caller);
        Ok(())
    }

    fn refusal<B>(&self, request: &Request<B>) -> Option<(StatusCode, &'static str)> {
        let mut named = request.headers().get_all(header::HOST).iter();
        let (host, more) = (named.next(), named.next());
        let target = request.uri().authority().map(|authority| authority.as_str());
        let host = match (host.map(HeaderValue::to_str), more) {
            (None, None) => None,
            (Some(Ok(host)), None) => Some(host),
            _ => return Some((StatusCode::BAD_REQUEST, "The request must name one host.")),
        };
        let forwarded = request.headers().get("x-forwarded-host").filter(|_| self.trust_proxy);
        let forwarded = forwarded
            .map(|hosts| hosts.to_str().unwrap_or_default().split(',').next().unwrap_or_default().trim());
        if [host, target, forwarded].into_iter().flatten().all(|host| self.hosts.allows(host)) {
            return None;
        }
        let text =
            "This server is not known by that host name; --allow-host adds names that it may be asked by.";
        Some((StatusCode::FORBIDDEN, text))
    }
}

/// What needs no token: whether the server is well, and OPTIONS, with which a browser can show none. It tells nothing that
/// this program's manual does not tell.
fn is_open(method: &Method, path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    method == Method::OPTIONS || matches!(path, "/healthz" | "/readyz")
}

/// The panic itself went to the log already, by the hook that every panic passes.
fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    let printer = Printer::default();
    let error: ApiError = failure::unexplained();
    printer.error(&error)
}
