//! What stands before every route: is the request for this server?

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::Web;

/// Lets a request in that names a host of ours, so that a web page cannot reach the server under a name of its own
/// (DNS rebinding).
pub(super) async fn admit(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&web, &request) {
        None => next.run(request).await,
        Some((status, text)) => {
            (status, [(header::CONTENT_TYPE, "text/plain;charset=UTF-8")], text).into_response()
        }
    };
    // Answers repeat names that others chose; no browser may take them for pages.
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn refusal(web: &Web, request: &Request) -> Option<(StatusCode, &'static str)> {
    let mut named = request.headers().get_all(header::HOST).iter();
    let (host, more) = (named.next(), named.next());
    let target = request.uri().authority().map(|authority| authority.as_str());
    let host = match (host.map(HeaderValue::to_str), more) {
        (None, None) => None,
        (Some(Ok(host)), None) => Some(host),
        _ => return Some((StatusCode::BAD_REQUEST, "The request must name one host.")),
    };
    // A proxy that is believed says what it was asked for itself.
    let forwarded = request.headers().get("x-forwarded-host").filter(|_| web.trust_proxy);
    let forwarded = forwarded
        .map(|hosts| hosts.to_str().unwrap_or_default().split(',').next().unwrap_or_default().trim());
    if [host, target, forwarded].into_iter().flatten().all(|host| web.hosts.allows(host)) {
        return None;
    }
    let text = "This server is not known by that host name; --allow-host adds names that it may be asked by.";
    Some((StatusCode::FORBIDDEN, text))
}
