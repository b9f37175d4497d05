//! Ends the event streams of a caller whose token is taken back.

use std::task::{Context, Poll};

use axum::{
    body::Body,
    http::{Request, Response},
};
use futures_util::{StreamExt as _, TryFutureExt as _, future::Either, future::MapOk};
use tower::{Layer, Service};

use crate::access::Caller;

/// Gives event streams an end, as it is after the [`FormatLayer`](longhaul_tasks_web::FormatLayer).
#[derive(Clone, Copy)]
pub(super) struct EventStreamsLayer;

#[derive(Clone)]
pub(super) struct EventStreams<S> {
    inner: S,
}

impl<S> Layer<S> for EventStreamsLayer {
    type Service = EventStreams<S>;

    fn layer(&self, inner: S) -> EventStreams<S> {
        EventStreams { inner }
    }
}

type End = Box<dyn FnOnce(Response<Body>) -> Response<Body> + Send>;

impl<S> Service<Request<Body>> for EventStreams<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, MapOk<S::Future, End>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !request.uri().path().ends_with("/events") {
            return Either::Left(self.inner.call(request));
        }
        let caller = Caller::of(request.extensions());
        let end: End = Box::new(move |response| response.map(|body| until_the_end_of(caller, body)));
        Either::Right(self.inner.call(request).map_ok(end))
    }
}

fn until_the_end_of(caller: Caller, body: Body) -> Body {
    let ended = Box::pin(async move { caller.ended().await });
    Body::from_stream(body.into_data_stream().take_until(ended))
}
