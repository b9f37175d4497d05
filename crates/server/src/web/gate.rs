//! What stands before every route: is the request for this server?

use std::{any::Any, net::IpAddr, panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use longhaul_tasks_web::{ApiError, Printer};
use tower::Service;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::{Web, failure};
use crate::{access::AuthError, upload};

/// What answers, behind the gate.
///
/// Not a stack of layers: each of those would box and copy what passes, for every poll.
pub(crate) struct Gate {
    web: Arc<Web>,
    /// The same for pages of other origins, where there are any that may ask.
    shared: Option<Router>,
}

impl Gate {
    /// Lets requests through to `web` that it may be asked.
    pub(crate) fn new(web: Web) -> Self {
        let web = Arc::new(web);
        let shared = (!web.origins.is_empty()).then(|| shared(&web));
        Self { web, shared }
    }

    /// Answers a request, whatever happens on the way.
    ///
    /// One that names a host of somebody else's is refused, so that a web page cannot reach the server under a name of its
    /// own (DNS rebinding). `peer` is who has made the connection.
    pub(crate) async fn answer<B>(&self, mut request: Request<B>, peer: IpAddr) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let mut response = match self.refusal(&request) {
            Some((status, text)) => Box::pin(refuse(request, status, text)).await,
            None => {
                if let Err(denied) = self.admit(&mut request, peer) {
                    request.extensions_mut().insert(denied);
                }
                let answer = self.let_through(request.map(Body::new));
                AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(panicked)
            }
        };
        // Answers repeat names that others chose; no browser may take them for pages.
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // A poller must see the task as it is, and some of our GETs change something.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    fn let_through(&self, request: Request) -> BoxFuture<'_, Response> {
        match &self.shared {
            Some(shared) if may_be_of_a_page(&request) => {
                let mut shared = shared.clone();
                Box::pin(async move { shared.call(request).await.unwrap_or_else(|never| match never {}) })
            }
            _ => self.web.answer(request),
        }
    }

    /// Finds out who the sender is, where that matters.
    fn admit<B>(&self, request: &mut Request<B>, peer: IpAddr) -> Result<(), AuthError> {
        let Some(guard) = &self.web.guard else { return Ok(()) };
        if is_open(request.method(), request.uri().path()) {
            return Ok(());
        }
        let caller = guard.authenticate(request.headers(), peer)?;
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
        let forwarded = self.web.trust_proxy.then(|| forwarded_host(request.headers())).flatten();
        if [host, target, forwarded].into_iter().flatten().all(|host| self.web.hosts.allows(host)) {
            return None;
        }
        let text =
            "This server is not known by that host name; --allow-host adds names that it may be asked by.";
        Some((StatusCode::FORBIDDEN, text))
    }
}

/// What a trusted proxy was asked for itself.
fn forwarded_host(headers: &HeaderMap) -> Option<&str> {
    let hosts = headers.get("x-forwarded-host")?.to_str().unwrap_or_default();
    Some(hosts.split(',').next().unwrap_or_default().trim())
}

/// The answer to what is not for this server, once the sender can hear it over its own body.
async fn refuse<B>(request: Request<B>, status: StatusCode, text: &'static str) -> Response
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    let (request, body) = request.into_parts();
    upload::drain_body(&request.headers, Body::new(body)).await;
    (status, [(header::CONTENT_TYPE, "text/plain;charset=UTF-8")], text).into_response()
}

/// What the layer must see: it takes every OPTIONS for a browser's question whether a page may ask.
fn may_be_of_a_page(request: &Request) -> bool {
    request.method() != Method::OPTIONS
        || request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// What answers, with the headers that let pages of the allowed origins read it; also why they are not let in.
fn shared(web: &Arc<Web>) -> Router {
    let answer = async |State(web): State<Arc<Web>>, request| web.answer(request).await;
    let origins = web.origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::PUT, Method::POST, Method::DELETE])
        // A wildcard would not stand for Authorization.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([
            header::LOCATION,
            header::RETRY_AFTER,
            header::ETAG,
            header::LINK,
            header::WWW_AUTHENTICATE,
            HeaderName::from_static("x-total-count"),
            HeaderName::from_static("preference-applied"),
        ]);
    Router::new().fallback(any(answer)).with_state(web.clone()).layer(cors)
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
