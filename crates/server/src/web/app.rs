use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures_util::future::BoxFuture;
use longhaul_commands::ImportRoots;
use longhaul_repository::{Repositories, Repository, RepositoryName};
use longhaul_tasks::Tasks;
use longhaul_tasks_web::{AllowedOrigins, ApiError, Printer, PublicAddress, TasksHandler, TasksWeb};

use super::{
    DeletionTokens, Hosts, Reads, about, delete,
    failure::{self, Refusal},
    import, init, log, ls_tree, metrics, osm, rename, repos,
    target::{Command, Target},
};
use crate::{
    access::{AuthError, Authenticator, Caller},
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
    pub(crate) guard: Option<Authenticator>,
    /// Answers what is asked about tasks.
    pub(crate) tasks_web: TasksHandler,
    pub(crate) address: PublicAddress,
    pub(crate) origins: Vec<String>,
    pub(crate) hosts: Hosts,
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

/// The tasks' own routes. Where a guard stands before them, each caller sees what its token is for.
pub(crate) fn tasks_web(
    tasks: Tasks,
    address: PublicAddress,
    origins: &[String],
    is_guarded: bool,
) -> TasksHandler {
    let tasks = TasksWeb::new(tasks).address(address).allow_origins(allowed(origins)).subject(SUBJECT);
    // Tasks that the server gave itself are nobody else's business.
    let tasks = jobs::INTERNAL.into_iter().fold(tasks, TasksWeb::hide);
    let tasks = match is_guarded {
        false => tasks,
        true => tasks
            .access(|request, task| Caller::of(&request.extensions).permit(task))
            .scope(|request| Caller::of(&request.extensions).scope().map(<[String]>::to_vec)),
    };
    tasks.handler()
}

/// The response, once the sender can hear it over its own body.
async fn declined(request: &Parts, body: Body, response: Response) -> Response {
    upload::drain_body(&request.headers, body).await;
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
    /// Answers a request of somebody who was let in, or tells why they were [`AuthError`].
    pub(super) fn answer(&self, request: Request) -> BoxFuture<'_, Response> {
        match request.extensions().get().copied() {
            Some(denied) => Box::pin(self.deny(denied, request)),
            None if self.tasks_web.takes(request.uri().path()) => Box::pin(self.tasks_web.answer(request)),
            None => Box::pin(self.answer_ours(request)),
        }
    }

    /// Tells a sender why it is not let in.
    async fn deny(&self, denied: AuthError, request: Request) -> Response {
        let (request, body) = request.into_parts();
        let (_, suffix) = Target::of(request.uri.path());
        let printer = Printer::of(&request, suffix, &self.address).unwrap_or_default();
        let mut response = printer.error(&denied.error());
        denied.add_headers(response.headers_mut());
        declined(&request, body, response).await
    }

    async fn answer_ours(&self, request: Request) -> Response {
        let (request, body) = request.into_parts();
        let (target, suffix) = Target::of(request.uri.path());
        let printer = match Printer::of(&request, suffix, &self.address) {
            Ok(printer) => printer,
            Err(unknown_format) => return declined(&request, body, unknown_format.into_response()).await,
        };
        if let Some(refusal) = refuse(&request, &printer, &target) {
            return declined(&request, body, refusal).await;
        }
        let caller = Caller::of(&request.extensions);
        let mut call = Call { request, body, printer: printer.calling_subjects(SUBJECT), caller };
        match self.answer_call(target, &mut call).await {
            Ok(response) => response,
            Err(refusal) => {
                let response = refusal.response(&call.printer);
                declined(&call.request, call.body, response).await
            }
        }
    }

    async fn answer_call(&self, target: Target, call: &mut Call) -> Answer {
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
    name.parse().map_err(|error: longhaul_repository::InvalidName| ApiError::bad_request(error.to_string()))
}

fn allowed(origins: &[String]) -> AllowedOrigins {
    origins.iter().fold(AllowedOrigins::default(), AllowedOrigins::allow)
}
