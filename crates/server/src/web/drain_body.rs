//! Reads the rest of a refused request's body before the response is sent.
//!
//! Many clients look for a response only after they have sent the whole body, and a connection that is closed before that takes
//! the response with it.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, Request, Response, header},
};
use futures_util::future::{BoxFuture, Either};
use http_body_util::BodyExt;
use tokio::time;
use tower::{Layer, Service};

/// The most bytes that are read, and the longest time that is spent on them.
const MAX_LENGTH: usize = 64 << 20;
const TIMEOUT: Duration = Duration::from_secs(5);

/// Keeps what a handler leaves of a body, and reads it if the response is not a success.
#[derive(Clone, Copy)]
pub(super) struct DrainBodyLayer;

#[derive(Clone)]
pub(super) struct DrainBody<S> {
    inner: S,
}

impl<S> Layer<S> for DrainBodyLayer {
    type Service = DrainBody<S>;

    fn layer(&self, inner: S) -> DrainBody<S> {
        DrainBody { inner }
    }
}

impl<S, B> Service<Request<Body>> for DrainBody<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: Send + 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response<B>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if request.body().is_end_stream() || expects_continue(request.headers()) {
            return Either::Left(self.inner.call(request));
        }
        let rest = Arc::new(Mutex::new(None));
        let kept = rest.clone();
        let response = self.inner.call(request.map(|body| Body::new(KeptBody { body, rest: kept })));
        Either::Right(Box::pin(async move {
            let response = response.await?;
            if !response.status().is_success() {
                let rest = rest.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(rest) = rest {
                    let _ = time::timeout(TIMEOUT, drain(rest)).await;
                }
            }
            Ok(response)
        }))
    }
}

async fn drain(mut body: Body) {
    let mut length = 0;
    while let Some(Ok(frame)) = body.frame().await {
        length += frame.data_ref().map_or(0, Bytes::len);
        if length > MAX_LENGTH {
            return;
        }
    }
}

/// Whether the client waits for `100 Continue` before it sends the body.
fn expects_continue(headers: &HeaderMap) -> bool {
    headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// A body whose rest stays when it is dropped.
struct KeptBody {
    body: Body,
    rest: Arc<Mutex<Option<Body>>>,
}

impl HttpBody for KeptBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

impl Drop for KeptBody {
    fn drop(&mut self) {
        let body = std::mem::take(&mut self.body);
        if !body.is_end_stream() {
            *self.rest.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}
