//! What surrounds the routes.

#![allow(clippy::result_large_err, reason = "tower-http's validators return the response itself")]

use std::{any::Any, convert::Infallible, sync::Arc};

use axum::{
    Router,
    body::{Body, HttpBody as _},
    http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header},
    response::IntoResponse,
};
use longhaul_commands::{ImportRoots, RepositoryLocks};
use longhaul_tasks::{SqliteStore, Tasks};
use longhaul_tasks_web::{AllowedOrigins, ApiError, FormatLayer, PublicAddress, RendererConfig, TasksWeb};
use tower::{Service, ServiceBuilder};
use tower_http::{
    catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer,
    validate_request::ValidateRequestHeaderLayer,
};

use super::{
    BlockingPool, DefaultBranch, DeleteTokens, Hosts, LayerFiles, LayerIndexes, ListWriters, RepositoryStore,
    StateParts, WebState,
    access_log::AccessLogLayer,
    caller_layer::CallerLayer,
    cors, error_response,
    event_streams::EventStreamsLayer,
    http_counts::{HttpCounts, HttpCountsLayer},
    pages::{self, PageLayer, PageOrApi},
    routes::{SUBJECT, routes, tasks_web},
};
use crate::{
    access::Authenticator,
    git::GitBackend,
    serving::{EndedTasks, OpenConnections},
    shared_places::SharedPlaces,
    upload::Receiver,
};

/// What the HTTP interface needs.
pub(crate) struct WebConfig {
    pub(crate) tasks: Tasks,
    pub(crate) repositories: RepositoryStore,
    pub(crate) import_roots: ImportRoots,
    pub(crate) receiver: Receiver,
    pub(crate) git: GitBackend,
    pub(crate) repository_locks: RepositoryLocks,
    /// For lists that are written as long as their clients read.
    pub(crate) list_writers: BlockingPool,
    pub(crate) layer_indexes: LayerIndexes,
    pub(crate) layer_files: LayerFiles,
    /// Identifies callers by their tokens; without it, everybody may do everything.
    pub(crate) authenticator: Option<Authenticator>,
    pub(crate) address: PublicAddress,
    /// Origins whose pages may read and change things.
    pub(crate) origins: Vec<String>,
    pub(crate) hosts: Hosts,
    /// Whether a proxy in front of the server is believed.
    pub(crate) trust_proxy: bool,
    pub(crate) default_branch: String,
    /// Whether each request is logged.
    pub(crate) access_log: bool,
    /// How many tasks have ended.
    pub(crate) ended_tasks: Arc<EndedTasks>,
    /// The store with the history; `None` if tasks are in memory only.
    pub(crate) store: Option<SqliteStore>,
    /// What callers share.
    pub(crate) places: SharedPlaces,
    pub(crate) open_connections: Arc<OpenConnections>,
}

/// The HTTP interface.
///
/// # Errors
/// If the operating system has no random numbers.
pub(crate) fn service(
    config: WebConfig,
) -> anyhow::Result<
    impl Service<
        Request<Body>,
        Response = Response<
            impl axum::body::HttpBody<Data = axum::body::Bytes, Error: Into<axum::BoxError>> + Send + 'static,
        >,
        Error = Infallible,
        Future: Send,
    > + Clone
    + Send
    + Sync
    + 'static,
> {
    let (hosts, trust_proxy) = (Arc::new(config.hosts), config.trust_proxy);
    let authenticator = config.authenticator.map(Arc::new);
    let cors = cors::layer(&config.origins);
    let origins = config.origins.iter().fold(AllowedOrigins::default(), AllowedOrigins::allow);
    let tasks =
        TasksWeb::new(config.tasks.clone()).address(config.address.clone()).allow_origins(origins.clone());
    let tasks = tasks_web(tasks, authenticator.is_some());
    let http_counts = Arc::new(HttpCounts::default());
    let state = WebState(Arc::new(StateParts {
        tasks: config.tasks,
        request_counts: tasks.request_counts(),
        repositories: config.repositories,
        import_roots: config.import_roots,
        receiver: Arc::new(config.receiver),
        git: config.git,
        repository_locks: config.repository_locks,
        list_writers: ListWriters(config.list_writers),
        layer_indexes: config.layer_indexes,
        layer_files: config.layer_files,
        delete_tokens: Arc::new(DeleteTokens::default()),
        allowed_origins: origins,
        default_branch: DefaultBranch(config.default_branch.into()),
        authenticator: authenticator.clone(),
        places: config.places.clone(),
        open_connections: config.open_connections,
        ended_tasks: config.ended_tasks,
        store: config.store,
        http_counts: http_counts.clone(),
    }));
    let address = config.address;
    let renderer = RendererConfig { address: address.clone(), subject: SUBJECT };
    let api: Router = routes(tasks, renderer.clone(), state.clone());
    let pages = pages::routes(state, renderer, api.clone())?;
    let service = ServiceBuilder::new()
        // Responses repeat names that others chose. A browser must not take them for pages.
        .layer(SetResponseHeaderLayer::overriding(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        // A poll must get the task as it is now, and some GETs change something. Handlers of what may be cached say so.
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(HttpCountsLayer(http_counts))
        .option_layer(config.access_log.then_some(AccessLogLayer { trust_proxy }))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(ValidateRequestHeaderLayer::custom(move |request: &mut Request<Body>| {
            check_host(request, &hosts, trust_proxy)
        }))
        .option_layer(cors)
        .layer(PageLayer { address: address.clone() })
        .layer(FormatLayer)
        .layer(ValidateRequestHeaderLayer::custom(refuse_encoded_body))
        .layer(CallerLayer {
            authenticator,
            trust_proxy,
            address,
            requests: config.places.requests,
            tells_caller: config.access_log,
        })
        .layer(EventStreamsLayer { places: config.places.streams })
        .service(PageOrApi { pages, api });
    Ok(service)
}

/// Refuses a request to a host name that is not the server's, so that a web page cannot reach the server under a name of its own
/// (DNS rebinding).
fn check_host(request: &Request<Body>, hosts: &Hosts, trust_proxy: bool) -> Result<(), Response<Body>> {
    let plain = |status, text: &'static str| {
        (status, [(header::CONTENT_TYPE, "text/plain;charset=UTF-8")], text).into_response()
    };
    let mut headers = request.headers().get_all(header::HOST).iter();
    let (host, second) = (headers.next(), headers.next());
    let host = match (host.map(HeaderValue::to_str), second) {
        (None, None) if request.version() < Version::HTTP_11 => None,
        (Some(Ok(host)), None) => Some(host),
        _ => return Err(plain(StatusCode::BAD_REQUEST, "The request must name one host.")),
    };
    let target = request.uri().authority().map(|authority| authority.as_str());
    let forwarded = trust_proxy.then(|| forwarded_host(request.headers())).flatten();
    if [host, target, forwarded].into_iter().flatten().all(|host| hosts.allows(host)) {
        return Ok(());
    }
    let text = "This server is not known by that host name; --allow-host adds names that it may be asked by.";
    Err(plain(StatusCode::FORBIDDEN, text))
}

/// Refuses a compressed body: what is inside could be of any size. Only Git's own protocol has such bodies.
fn refuse_encoded_body(request: &mut Request<Body>) -> Result<(), Response<Body>> {
    let is_identity = |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity");
    let is_encoded = !request.headers().get_all(header::CONTENT_ENCODING).iter().all(is_identity);
    let path = request.uri().path();
    let is_git = path.ends_with("/git-upload-pack") || path.ends_with("/git-receive-pack");
    if !is_encoded || is_git || request.body().is_end_stream() {
        return Ok(());
    }
    let message = "The body must be sent as it is, without a Content-Encoding.";
    let mut response = ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response();
    response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Err(response)
}

/// The host that a request to a trusted proxy named.
fn forwarded_host(headers: &HeaderMap) -> Option<&str> {
    let hosts = headers.get("x-forwarded-host")?.to_str().unwrap_or_default();
    Some(hosts.split(',').next().unwrap_or_default().trim())
}

/// The panic itself is in the log, by the hook for panics.
fn panicked(_panic: Box<dyn Any + Send>) -> Response<Body> {
    error_response::unexplained().into_response()
}
