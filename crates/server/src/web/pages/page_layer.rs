//! Gives browsers pages, and everybody else what the API answers.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header},
};
use futures_util::{TryFutureExt as _, future::MapOk};
use longhaul_tasks_web::{ApiError, PublicAddress};
use tower::{Layer, Service};

use super::{
    PREFIX, error_page,
    frame::root_of,
    negotiation::{asks_for_page, has_page, is_navigation},
};

const VARY: HeaderValue = HeaderValue::from_static("Accept, Sec-Fetch-Dest");
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
/// With `no-referrer`, the forms of our own pages would send `Origin: null`.
const REFERRER_POLICY: HeaderValue = HeaderValue::from_static("same-origin");

/// An extension of each request that a page answers.
#[derive(Clone, Copy, Debug)]
struct ForPage;

/// Marks the requests that pages answer, makes pages of their errors, and adds the headers of pages. It goes around the
/// [`FormatLayer`](longhaul_tasks_web::FormatLayer), which takes suffixes off.
#[derive(Clone)]
pub(in crate::web) struct PageLayer {
    pub(in crate::web) address: PublicAddress,
}

#[derive(Clone)]
pub(in crate::web) struct WithPages<S> {
    address: PublicAddress,
    inner: S,
}

impl<S> Layer<S> for PageLayer {
    type Service = WithPages<S>;

    fn layer(&self, inner: S) -> WithPages<S> {
        WithPages { address: self.address.clone(), inner }
    }
}

type Finish = Box<dyn FnOnce(Response<Body>) -> Response<Body> + Send>;

impl<S> Service<Request<Body>> for WithPages<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = MapOk<S::Future, Finish>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let path = request.uri().path();
        let is_own = path.starts_with(PREFIX);
        let varies = matches!(*request.method(), Method::GET | Method::HEAD) && has_page(path);
        let is_page = varies && asks_for_page(&request);
        let shown = (is_page || is_own && is_navigation(request.headers()))
            .then(|| Shown::to(&request, &self.address));
        if is_page || is_own {
            request.extensions_mut().insert(ForPage);
        }
        let finish: Finish = Box::new(move |response| {
            let mut response = match shown {
                Some(shown) => shown.with_errors_as_pages(response),
                None => response,
            };
            add_headers(response.headers_mut(), varies);
            response
        });
        self.inner.call(request).map_ok(finish)
    }
}

fn add_headers(headers: &mut HeaderMap, varies: bool) {
    if varies {
        headers.append(header::VARY, VARY);
    }
    let is_html = |value: &HeaderValue| value.as_bytes().starts_with(b"text/html");
    if headers.get(header::CONTENT_TYPE).is_some_and(is_html) {
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(header::REFERRER_POLICY, REFERRER_POLICY);
    }
}

/// What is known about a request whose response a browser shows.
struct Shown {
    root: Arc<str>,
    uri: Uri,
    is_head: bool,
}

impl Shown {
    fn to(request: &Request<Body>, address: &PublicAddress) -> Self {
        let base = address.base(request.uri(), request.headers(), request.extensions());
        Self {
            root: root_of(&base).into(),
            uri: request.uri().clone(),
            is_head: request.method() == Method::HEAD,
        }
    }

    /// A request without a token is led to where one signs in; any other error becomes a page.
    fn with_errors_as_pages(&self, mut response: Response<Body>) -> Response<Body> {
        let Some(error) = response.extensions_mut().remove::<ApiError>() else { return response };
        let (mut head, _) = response.into_parts();
        if error.status == StatusCode::UNAUTHORIZED {
            return self.to_sign_in();
        }
        let page = error_page::render(&self.root, &error);
        head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        head.headers.insert(header::CONTENT_LENGTH, page.len().into());
        Response::from_parts(head, if self.is_head { Body::empty() } else { page.into() })
    }

    fn to_sign_in(&self) -> Response<Body> {
        let next = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let next = if next.starts_with(PREFIX) { "/" } else { next };
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SEE_OTHER;
        let location = HeaderValue::try_from(format!("{}{PREFIX}sign-in?{query}", self.root));
        response.headers_mut().extend(location.ok().map(|location| (header::LOCATION, location)));
        response
    }
}

/// The routes of the pages for requests that the [`PageLayer`] has marked, and those of the API for all others.
#[derive(Clone)]
pub(in crate::web) struct PageOrApi {
    pub(in crate::web) pages: Router,
    pub(in crate::web) api: Router,
}

impl Service<Request<Body>> for PageOrApi {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = <Router as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match request.extensions().get::<ForPage>() {
            Some(ForPage) => self.pages.call(request),
            None => self.api.call(request),
        }
    }
}
