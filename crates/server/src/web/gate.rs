//! What stands before every route: is the request for this server?

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::FutureExt;
use tasks_web::{ApiError, Base, Format, Printer};
use tower::Service;

use super::{Hosts, failure};
use crate::upload;

/// The routes, behind the gate.
///
/// Not a stack of layers: each of those would box and copy what passes, for every poll.
#[derive(Clone)]
pub(crate) struct Gate {
    hosts: Arc<Hosts>,
    trust_proxy: bool,
    routes: Routes,
}

/// The routes, as they are and as pages of other origins may use them.
#[derive(Clone)]
pub(super) struct Routes {
    pub(super) plain: Router,
    /// Takes every OPTIONS for a browser's question whether a page may ask.
    pub(super) shared: Router,
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
    pub(super) fn new(hosts: Arc<Hosts>, trust_proxy: bool, routes: Routes) -> Self {
        Self { hosts, trust_proxy, routes }
    }

    /// Answers a request, whatever happens on the way.
    ///
    /// One that names a host of somebody else's is refused, so that a web page cannot reach the server under a name of its
    /// own (DNS rebinding).
    pub(crate) async fn answer<B>(mut self, request: Request<B>) -> Response
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
                let answer = self.routes.of(&request).call(request.map(Body::new));
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

/// The panic itself went to the log already, by the hook that every panic passes.
fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    let printer = Printer { format: Format::default(), base: Base::default(), verbose: false, respond_async: false };
    let error: ApiError = failure::unexplained();
    printer.error(&error)
}
