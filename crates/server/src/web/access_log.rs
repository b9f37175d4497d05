//! Logs each request with its response.

use std::{
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    body::Body,
    http::{Request, Response, header},
};
use futures_util::{TryFutureExt as _, future::MapOk};
use tower::{Layer, Service};

use crate::{
    access::{Caller, client_address},
    serving::RequestInProgress,
};

#[derive(Clone, Copy)]
pub(super) struct AccessLogLayer {
    pub(super) trust_proxy: bool,
}

#[derive(Clone)]
pub(super) struct AccessLog<S> {
    trust_proxy: bool,
    inner: S,
}

impl<S> Layer<S> for AccessLogLayer {
    type Service = AccessLog<S>;

    fn layer(&self, inner: S) -> AccessLog<S> {
        AccessLog { trust_proxy: self.trust_proxy, inner }
    }
}

impl<S, B> Service<Request<Body>> for AccessLog<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = MapOk<S::Future, Box<dyn FnOnce(Response<B>) -> Response<B> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let begun = Instant::now();
        let peer = RequestInProgress::peer_of(request.extensions());
        let address = client_address(request.headers(), peer, self.trust_proxy);
        let method = request.method().clone();
        // Without the query, which may have the token of a deletion.
        let path = request.uri().path().to_owned();
        let agent = request.headers().get(header::USER_AGENT).cloned();
        self.inner.call(request).map_ok(Box::new(move |response| {
            let caller = response.extensions().get::<Caller>().and_then(Caller::name);
            let agent = agent.as_ref().and_then(|agent| agent.to_str().ok());
            let milliseconds = begun.elapsed().as_secs_f64() * 1000.0;
            let status = response.status().as_u16();
            tracing::info!(target: "longhaul::access", %method, path, status, milliseconds, %address, caller, agent, "request");
            response
        }))
    }
}
