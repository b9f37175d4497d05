use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::any,
};
use commands::ImportRoots;
use repository::{Repositories, Repository, RepositoryName};
use tasks::Tasks;
use tasks_web::{AllowedOrigins, ApiError, Printer, PublicAddress, TasksWeb, Traffic};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::{
    DeletionTokens, Hosts, Reads, about, delete,
    failure::{self, Refusal},
    gate::{Gate, Routes},
    import, init, log, ls_tree, metrics, osm, rename, repos,
    target::{Command, Target},
};
use crate::{
    access::{Caller, Denied, Guard},
    jobs,
    upload::{self, Receiver},
};

/// What tasks are on here.
const SUBJECT: &str = "repository";

/// What it takes to answer.
pub(crate) struct Web {
    pub(crate) tasks: Tasks,
    pub(crate) repositories: Repositories,
    pub(crate) import_roots: ImportRoots,
    pub(crate) receiver: Receiver,
    /// For work that soon ends.
    pub(crate) reads: Reads,
    /// For answers that last as long as their reader likes.
    pub(crate) streams: Reads,
    pub(crate) tokens: DeletionTokens,
    /// Who lets senders in; absent where everybody may do everything.
    pub(crate) guard: Option<Arc<Guard>>,
    /// What the tasks' own routes count.
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) address: PublicAddress,
    pub(crate) origins: Vec<String>,
    pub(crate) hosts: Arc<Hosts>,
    pub(crate) trust_proxy: bool,
    pub(crate) default_branch: String,
}

/// A request, and how its sender wants to be answered.
pub(super) struct Call {
    pub(super) request: Parts,
    pub(super) body: Body,
    pub(super) printer: Printer,
    pub(super) caller: Caller,
}

/// The answer, or why there is none.
pub(super) type Answer = Result<Response, Refusal>;

/// All routes, with what stands before them.
pub(crate) fn app(mut web: Web) -> Gate {
    let tasks = tasks_web(&web);
    web.traffic = tasks.traffic();
    let web = Arc::new(web);
    let plain = Router::new().fallback(any(answer)).with_state(web.clone()).merge(tasks.router());
    let denied = Router::new().fallback(any(deny)).with_state(web.clone());
    let shared = |router: Router| match web.origins.is_empty() {
        true => router,
        false => router.layer(cors(&web.origins)),
    };
    let routes = Routes { shared: shared(plain.clone()), denied: shared(denied), plain };
    Gate::new(web.hosts.clone(), web.trust_proxy, web.guard.clone(), routes)
}

/// The tasks' own routes.
fn tasks_web(web: &Web) -> TasksWeb {
    let tasks = TasksWeb::new(web.tasks.clone())
        .address(web.address.clone())
        .allow_origins(allowed(&web.origins))
        .subject(SUBJECT);
    // Tasks that the server gave itself are nobody else's business.
    let tasks = jobs::INTERNAL.into_iter().fold(tasks, TasksWeb::hide);
    match &web.guard {
        None => tasks,
        Some(_) => tasks
            .access(|request, task| Caller::of(&request.extensions).permit(task))
            .scope(|request| Caller::of(&request.extensions).scope().map(<[String]>::to_vec)),
    }
}

async fn answer(State(web): State<Arc<Web>>, request: Request) -> Response {
    let (request, body) = request.into_parts();
    let (target, suffix) = Target::of(request.uri.path());
    let printer = match Printer::of(&request, suffix, &web.address) {
        Ok(printer) => printer,
        Err(unknown_format) => return declined(&request, body, unknown_format.into_response()).await,
    };
    if let Some(refusal) = refuse(&request, &printer, &target) {
        return declined(&request, body, refusal).await;
    }
    let caller = Caller::of(&request.extensions);
    let mut call = Call { request, body, printer: printer.calling_subjects(SUBJECT), caller };
    match web.answer(target, &mut call).await {
        Ok(response) => response,
        Err(refusal) => {
            let response = refusal.response(&call.printer);
            declined(&call.request, call.body, response).await
        }
    }
}

/// Tells a sender why it is not let in.
async fn deny(State(web): State<Arc<Web>>, request: Request) -> Response {
    let (request, body) = request.into_parts();
    let (_, suffix) = Target::of(request.uri.path());
    let printer = Printer::of(&request, suffix, &web.address).unwrap_or_default();
    let denied = request.extensions.get().copied().unwrap_or(Denied::NoToken);
    let mut response = printer.error(&denied.error());
    denied.add_headers(response.headers_mut());
    declined(&request, body, response).await
}

/// The response, once the sender can hear it over its own body.
async fn declined(request: &Parts, body: Body, response: Response) -> Response {
    upload::decline(&request.headers, body).await;
    response
}

/// What can be said before anything is looked up.
fn refuse(request: &Parts, printer: &Printer, target: &Target) -> Option<Response> {
    let allow = match target {
        Target::Unknown => return Some(printer.error(&ApiError::not_found("There is nothing here."))),
        Target::UnknownCommand(name) => {
            let message = format!("'{name}' is not a geogig command");
            return Some(printer.error(&ApiError::not_found(message)));
        }
        target => target.allow(),
    };
    let mut response = match &request.method {
        &Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        method if allow.split(", ").any(|allowed| allowed == method.as_str()) => return None,
        _ => printer.error(&ApiError::method_not_allowed()),
    };
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    Some(response)
}

impl Web {
    async fn answer(&self, target: Target, call: &mut Call) -> Answer {
        match target {
            Target::Health => Ok(about::health(&self.tasks)),
            Target::Ready => Ok(about::readiness(&self.tasks)),
            Target::Metrics => metrics::metrics(self, call),
            Target::Version => Ok(about::version(&call.printer)),
            Target::Repositories => repos::list(self, call).await,
            Target::Repository(name) => {
                let name = legal(&name)?;
                match call.request.method {
                    Method::DELETE => delete::delete(self, name, call).await,
                    _ => repos::show(self, name, call).await,
                }
            }
            Target::Command { name, command } => {
                let name = legal(&name)?;
                match command {
                    Command::Init => init::init(self, name, call).await,
                    Command::Delete => delete::offer(self, name, call).await,
                    Command::Rename => rename::rename(self, name, call).await,
                    Command::Import => import::import(self, name, call).await,
                    Command::Log => log::log(self, name, call).await,
                    Command::LsTree => ls_tree::ls_tree(self, name, call).await,
                    Command::OsmImport => osm::import(self, name, call).await,
                    Command::OsmDownload => osm::download(self, name, call).await,
                }
            }
            Target::Unknown | Target::UnknownCommand(_) => {
                Err(ApiError::not_found("There is nothing here.").into())
            }
        }
    }

    /// Refuses what a page of a foreign origin wants changed.
    pub(super) fn admit_change(&self, call: &Call) -> Result<(), ApiError> {
        allowed(&self.origins).admit(&call.request.headers, &call.printer.base)
    }

    /// The repository; 404 if there is none for this caller.
    pub(super) async fn repository(
        &self,
        caller: &Caller,
        name: RepositoryName,
    ) -> Result<Repository, Refusal> {
        let found = self.find(caller, name).await?;
        found.ok_or_else(|| ApiError::not_found("Repository not found.").into())
    }

    /// The repository, if there is one and it is not hidden from the caller.
    pub(super) async fn find(
        &self,
        caller: &Caller,
        name: RepositoryName,
    ) -> Result<Option<Repository>, Refusal> {
        // Asked of the disk all the same, so that the time it takes does not tell.
        let may_read = caller.may_read(&name);
        Ok(self.find_for_anybody(name).await?.filter(|_| may_read))
    }

    /// The repository, if there is one.
    pub(super) async fn find_for_anybody(&self, name: RepositoryName) -> Result<Option<Repository>, Refusal> {
        let repositories = self.repositories.clone();
        Ok(self.reads.run(move || repositories.get(&name)).await?.map_err(failure::repositories)?)
    }
}

fn legal(name: &str) -> Result<RepositoryName, ApiError> {
    name.parse().map_err(|error: repository::InvalidName| ApiError::bad_request(error.to_string()))
}

fn allowed(origins: &[String]) -> AllowedOrigins {
    origins.iter().fold(AllowedOrigins::default(), AllowedOrigins::allow)
}

fn cors(origins: &[String]) -> CorsLayer {
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::PUT, Method::POST, Method::DELETE])
        // A wildcard would not stand for Authorization.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([
            header::LOCATION,
            header::RETRY_AFTER,
            header::ETAG,
            header::LINK,
            header::WWW_AUTHENTICATE,
            HeaderName::from_static("x-total-count"),
            HeaderName::from_static("preference-applied"),
        ])
}
