//! Counts event streams, and ends those of a caller whose token is taken back.

use std::{
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, HttpBody as _},
    http::{Request, Response},
    response::IntoResponse as _,
};
use futures_util::{StreamExt as _, TryFutureExt as _, future::Either, future::MapOk};
use longhaul_tasks_web::ApiError;
use tower::{Layer, Service};

use crate::{
    access::Caller,
    places::{Place, Places},
};

/// Gives event streams a place and an end. It goes inside of the [`FormatLayer`](longhaul_tasks_web::FormatLayer).
#[derive(Clone)]
pub(super) struct EventStreamsLayer {
    pub(super) places: Arc<Places>,
}

#[derive(Clone)]
pub(super) struct EventStreams<S> {
    places: Arc<Places>,
    inner: S,
}

impl<S> Layer<S> for EventStreamsLayer {
    type Service = EventStreams<S>;

    fn layer(&self, inner: S) -> EventStreams<S> {
        EventStreams { places: self.places.clone(), inner }
    }
}

type End = Box<dyn FnOnce(Response<Body>) -> Response<Body> + Send>;

impl<S> Service<Request<Body>> for EventStreams<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, Either<MapOk<S::Future, End>, Ready<Result<Response<Body>, S::Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !request.uri().path().ends_with("/events") {
            return Either::Left(self.inner.call(request));
        }
        let caller = Caller::of(request.extensions());
        let Some(place) = self.places.take(&caller) else {
            let message = "Too many streams are being read, or too many of yours; please try again later.";
            return Either::Right(Either::Right(ready(Ok(ApiError::unavailable(message).into_response()))));
        };
        let end: End = Box::new(move |response| with_end(response, caller, place));
        Either::Right(Either::Left(self.inner.call(request).map_ok(end)))
    }
}

/// An error is no stream, and keeps its length.
fn with_end(response: Response<Body>, caller: Caller, place: Place) -> Response<Body> {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    let ended = Box::pin(async move {
        caller.ended().await;
    });
    let chunks = response.into_parts();
    let stream = chunks.1.into_data_stream().take_until(ended).map(move |chunk| {
        let _held_as_long_as_the_stream = &place;
        chunk
    });
    Response::from_parts(chunks.0, Body::from_stream(stream))
}
