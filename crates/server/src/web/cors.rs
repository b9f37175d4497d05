//! Lets pages of other origins read responses.

use std::task::{Context, Poll, ready};

use axum::http::{HeaderName, HeaderValue, Method, Request, header};
use futures_util::future::Either;
use tower::{Layer, Service};
use tower_http::cors::{AllowHeaders, AllowOrigin, Cors, CorsLayer};

/// The layer for pages of these origins; `None` if there are none.
pub(super) fn layer(origins: &[String]) -> Option<PageCorsLayer> {
    let origins: Vec<_> = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    (!origins.is_empty()).then(|| {
        PageCorsLayer(
            CorsLayer::new()
                .allow_origin(AllowOrigin::list(origins))
                .allow_methods([Method::GET, Method::PUT, Method::POST, Method::DELETE])
                // A wildcard would not include Authorization.
                .allow_headers(AllowHeaders::mirror_request())
                .vary([header::ORIGIN, header::ACCESS_CONTROL_REQUEST_HEADERS])
                .expose_headers([
                    header::LOCATION,
                    header::RETRY_AFTER,
                    header::ETAG,
                    header::LINK,
                    header::ACCEPT_RANGES,
                    header::CONTENT_RANGE,
                    header::WWW_AUTHENTICATE,
                    HeaderName::from_static("x-total-count"),
                    HeaderName::from_static("preference-applied"),
                ]),
        )
    })
}

/// A [`CorsLayer`] that takes only preflight requests for such: tower-http's takes every OPTIONS.
#[derive(Clone)]
pub(super) struct PageCorsLayer(CorsLayer);

#[derive(Clone)]
pub(super) struct PageCors<S> {
    cors: Cors<S>,
    inner: S,
}

impl<S: Clone> Layer<S> for PageCorsLayer {
    type Service = PageCors<S>;

    fn layer(&self, inner: S) -> PageCors<S> {
        PageCors { cors: self.0.layer(inner.clone()), inner }
    }
}

impl<S, B> Service<Request<B>> for PageCors<S>
where
    S: Service<Request<B>>,
    Cors<S>: Service<Request<B>, Response = S::Response, Error = S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<<Cors<S> as Service<Request<B>>>::Future, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        ready!(self.cors.poll_ready(context))?;
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let is_preflight = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if request.method() != Method::OPTIONS || is_preflight {
            Either::Left(self.cors.call(request))
        } else {
            Either::Right(self.inner.call(request))
        }
    }
}
