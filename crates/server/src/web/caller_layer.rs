//! Finds out who sends a request, and gives the request one of the places that callers share.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{Method, Request, Response},
    response::IntoResponse as _,
};
use futures_util::future::BoxFuture;
use hyper::body::{Frame, SizeHint};
use longhaul_tasks_web::{AllowedOrigins, ApiError, PublicAddress};
use tower::{Layer, Service};

use super::pages;
use crate::{
    access::{Authenticator, Caller, client_address},
    places::{Place, Places},
    serving::RequestInProgress,
};

/// The longest response that is not counted any more once it was made: the system sends it, however slowly its client reads.
const SHORT_RESPONSE: u64 = 64 * 1024;

/// The header in which a script of our pages repeats the token of its page.
const CSRF_HEADER: &str = "x-csrf-token";

#[derive(Clone)]
pub(super) struct CallerLayer {
    pub(super) authenticator: Option<Arc<Authenticator>>,
    pub(super) trust_proxy: bool,
    /// Where our own pages come from.
    pub(super) address: PublicAddress,
    pub(super) requests: Arc<Places>,
    /// Whether each response has its caller as an extension, for the access log.
    pub(super) tells_caller: bool,
}

/// Adds the [`Caller`] to the extensions of a request, and makes it the current one.
#[derive(Clone)]
pub(super) struct WithCaller<S> {
    layer: CallerLayer,
    inner: S,
}

impl<S> Layer<S> for CallerLayer {
    type Service = WithCaller<S>;

    fn layer(&self, inner: S) -> WithCaller<S> {
        WithCaller { layer: self.clone(), inner }
    }
}

impl<S> Service<Request<Body>> for WithCaller<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // These are answered however much is going on.
        if needs_no_token(request.method(), request.uri().path()) {
            return Box::pin(self.inner.call(request));
        }
        let caller = match self.layer.identify(&request) {
            Ok(caller) => caller,
            Err(refused) => return Box::pin(async move { Ok(refused) }),
        };
        let Some(place) = self.layer.requests.take(&caller) else {
            let message =
                "Too many requests are being answered, or too many of yours; please try again later.";
            return Box::pin(async move { Ok(ApiError::unavailable(message).into_response()) });
        };
        request.extensions_mut().insert(caller.clone());
        let in_progress = request.extensions().get::<RequestInProgress>().cloned();
        let response = self.inner.call(request);
        let told = self.layer.tells_caller.then(|| caller.clone());
        Box::pin(caller.handle(async move {
            let mut response = response.await?;
            if let Some(caller) = told {
                response.extensions_mut().insert(caller);
            }
            Ok(counted_to_its_end(response, (place, in_progress)))
        }))
    }
}

impl CallerLayer {
    #[expect(clippy::result_large_err, reason = "it is the response itself, as in tower-http's validators")]
    fn identify(&self, request: &Request<Body>) -> Result<Caller, Response<Body>> {
        let peer = RequestInProgress::peer_of(request.extensions());
        let Some(authenticator) = &self.authenticator else {
            return Ok(Caller::anonymous(client_address(request.headers(), peer, self.trust_proxy)));
        };
        let caller = authenticator.authenticate(request.headers(), peer).map_err(|denied| {
            let mut response = denied.error().into_response();
            denied.add_headers(response.headers_mut());
            response
        })?;
        Ok(if self.is_of_our_page(&caller, request) { caller.with_changes() } else { caller })
    }

    /// Whether the request of a browser that has signed in repeats what only our own pages know, and comes from one, as far as the
    /// browser says.
    fn is_of_our_page(&self, caller: &Caller, request: &Request<Body>) -> bool {
        let sent = request.headers().get(CSRF_HEADER).and_then(|value| value.to_str().ok());
        let Some((session, sent)) = caller.session().zip(sent) else { return false };
        let base = self.address.base(request.uri(), request.headers(), request.extensions());
        session.csrf.is(sent) && AllowedOrigins::default().admit(request.headers(), &base).is_ok()
    }
}

/// The health of the server, what a page needs before its reader has signed in, and OPTIONS, to which browsers add no token; its
/// responses say nothing but what the manual says.
fn needs_no_token(method: &Method, path: &str) -> bool {
    method == Method::OPTIONS || matches!(path, "/healthz" | "/readyz") || pages::is_for_anybody(path)
}

type Counted = (Place, Option<RequestInProgress>);

/// A short response is not counted any more; a longer one until it was sent.
fn counted_to_its_end(response: Response<Body>, counted: Counted) -> Response<Body> {
    match response.body().size_hint().exact() {
        Some(length) if length <= SHORT_RESPONSE => response,
        _ => response.map(|body| Body::new(CountedBody { body, _counted: counted })),
    }
}

struct CountedBody {
    body: Body,
    _counted: Counted,
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
