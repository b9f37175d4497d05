//! Negotiates the format of a response around the routes.

use std::task::{Context, Poll};

use axum::{
    body::Body,
    http::{Method, Request, Response, Uri, header, uri::PathAndQuery},
};
use futures_util::{TryFutureExt as _, future::MapOk};
use tower::{Layer, Service};

use crate::{ApiError, Format, UnknownFormat};

/// Takes the suffix `.json` or `.xml` and one slash off the end of each request's path, and renders each [`ApiError`] that the
/// routes respond with in the format that the request asks for.
///
/// axum matches a path before the layers of its `Router` run, so this layer goes around the whole app, like tower-http's
/// `NormalizePathLayer`:
///
/// ```no_run
/// # async fn serve(app: axum::Router, listener: tokio::net::TcpListener) -> std::io::Result<()> {
/// use axum::{ServiceExt, extract::Request};
/// use longhaul_tasks_web::FormatLayer;
/// use tower::Layer;
///
/// let app = FormatLayer.layer(app);
/// axum::serve(listener, ServiceExt::<Request>::into_make_service(app)).await
/// # }
/// ```
///
/// Percent-encoded characters stay as they are: a segment with `%2f` stays one segment, and an empty one stays empty, so that
/// neither matches a route of several segments.
#[derive(Clone, Copy, Debug, Default)]
pub struct FormatLayer;

impl<S> Layer<S> for FormatLayer {
    type Service = FormatService<S>;

    fn layer(&self, inner: S) -> FormatService<S> {
        FormatService { inner }
    }
}

/// The service of [`FormatLayer`].
#[derive(Clone, Debug)]
pub struct FormatService<S> {
    inner: S,
}

/// What [`FormatService`] found out about a request; an extension of it.
#[derive(Clone, Debug)]
pub(crate) struct NegotiatedFormat(pub(crate) Result<Format, UnknownFormat>);

impl<S, B> Service<Request<B>> for FormatService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = MapOk<S::Future, RenderError>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let suffix = strip_suffix(request.uri_mut());
        let negotiated = Format::of(suffix, request.uri().query(), request.headers());
        let format = *negotiated.as_ref().unwrap_or(&Format::default());
        let is_head = request.method() == Method::HEAD;
        request.extensions_mut().insert(NegotiatedFormat(negotiated));
        self.inner.call(request).map_ok(Box::new(move |response| rendered(response, format, is_head)))
    }
}

type RenderError = Box<dyn FnOnce(Response<Body>) -> Response<Body> + Send>;

/// Renders the error of the response, if it has one. A router has already measured its body, and left it out for a HEAD.
fn rendered(mut response: Response<Body>, format: Format, is_head: bool) -> Response<Body> {
    let Some(error) = response.extensions().get::<ApiError>().cloned() else { return response };
    let document = error.document(format);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, format.content_type());
    headers.insert(header::CONTENT_LENGTH, document.len().into());
    *response.body_mut() = if is_head { Body::empty() } else { document.into() };
    response
}

/// Takes one slash, and then the suffix, off the end of the path; the format of the suffix.
pub(crate) fn strip_suffix(uri: &mut Uri) -> Option<Format> {
    let path = uri.path();
    let (stripped, format) = Format::split_suffix(path.strip_suffix('/').unwrap_or(path));
    if stripped.len() == path.len() || stripped.is_empty() {
        return format;
    }
    let path_and_query = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{stripped}?{query}")),
        None => PathAndQuery::try_from(stripped),
    };
    let mut parts = uri.clone().into_parts();
    // A part of a valid path is valid, and so is the URI with it.
    parts.path_and_query = path_and_query.ok();
    if let Ok(stripped) = Uri::from_parts(parts) {
        *uri = stripped;
    }
    format
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(uri: &str) -> (String, Option<Format>) {
        let mut uri = uri.parse().expect("a URI");
        let format = strip_suffix(&mut uri);
        (uri.to_string(), format)
    }

    #[test]
    fn a_suffix_and_a_slash_are_taken_off_the_path_and_nothing_else_is() {
        let json = Some(Format::Json);
        for (uri, expected, format) in [
            ("/tasks", "/tasks", None),
            ("/tasks/", "/tasks", None),
            ("/tasks//", "/tasks/", None),
            ("/tasks/7.json", "/tasks/7", json),
            ("/tasks/7.json/?a=b.xml", "/tasks/7?a=b.xml", json),
            ("/tasks/7.json.xml", "/tasks/7.json", Some(Format::Xml)),
            ("/tasks/x%2f7/events.json", "/tasks/x%2f7/events", json),
            ("http://host:1/tasks.json?x", "http://host:1/tasks?x", json),
            ("/tasks/.json", "/tasks/", json),
            ("/.json", "/", json),
            ("/", "/", None),
            ("*", "*", None),
            ("host:80", "host:80", None),
        ] {
            assert_eq!(stripped(uri), (expected.to_owned(), format), "{uri}");
        }
    }
}
