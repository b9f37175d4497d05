//! Puts the tasks on the web: what the embedder may set, and the routes.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::request::Parts,
    response::{IntoResponse, Response},
    routing::any,
};
use longhaul_tasks::{Task, Tasks};

use crate::{
    access::Access,
    answers::Answers,
    follow::{Ended, Hub},
    target::{Target, routes},
    {AllowedOrigins, ApiError, Permit, Printer, PublicAddress, Traffic},
};

/// The routes of the tasks, for an axum app to merge or nest.
///
/// | request | answer |
/// |---|---|
/// | `GET /tasks` | every task that the caller may see, oldest first; `status`, `kind`, `owner`, `since`, `before` and the subject filter them, `limit` and `after` page them |
/// | `POST /tasks/cancel`, `POST /tasks/prune` | does so to all that the same filters mean; with `dryRun=true` says to which |
/// | `GET /tasks/3` | the task, with an `ETag` and, if it has not ended, `Retry-After` |
/// | `GET /tasks/3?wait=30` | the task once it has changed, or after 30 seconds; so does `Prefer: wait=30` |
/// | `GET /tasks/3?cancel=true` | asks it to stop; the task as it then is |
/// | `GET /tasks/3?prune=true` | the task once more; forgets it, if it has ended |
/// | `DELETE /tasks/3` | cancels an unfinished task, prunes an ended one |
/// | `GET /tasks/3/download` | the file that it made |
/// | `GET /tasks/3/events` | server-sent events: its document as it changes |
/// | `GET /tasks/events` | server-sent events: every document that the caller may see, as it changes |
///
/// Each path takes `.xml` or `.json` at its end, and a slash. CORS headers are left to the app's own layers.
pub struct TasksWeb {
    tasks: Tasks,
    address: PublicAddress,
    access: Access,
    origins: AllowedOrigins,
    subject: &'static str,
}

impl TasksWeb {
    /// Everybody may see and touch every task, links begin with the address a request was sent to, and no page of a
    /// foreign origin may change anything.
    pub fn new(tasks: Tasks) -> Self {
        Self {
            tasks,
            address: PublicAddress::of_request(),
            access: Access::default(),
            origins: AllowedOrigins::default(),
            subject: Printer::default().subject,
        }
    }

    /// Sets what links begin with.
    pub fn address(mut self, address: PublicAddress) -> Self {
        self.address = address;
        self
    }

    /// Sets what links begin with to a fixed URL: `https://maps.example.org/jobs`.
    pub fn public_url(self, url: impl Into<String>) -> Self {
        self.address(PublicAddress::fixed(url))
    }

    /// Asks `rule` about each task before it is shown or touched. It gets the request's head, whose extensions hold what
    /// the app's own layers know of the caller; it must not block.
    pub fn access(mut self, rule: impl Fn(&Parts, &Task) -> Permit + Send + Sync + 'static) -> Self {
        self.access.set_rule(rule);
        self
    }

    /// Says of which subjects alone a caller may see tasks; `None`: of all, and of no subject. What the [rule](Self::access)
    /// lets somebody see it must not leave out; where it lets through the same, lists need not be looked through task by
    /// task, and can say how long they are.
    pub fn scope(mut self, scope: impl Fn(&Parts) -> Option<Vec<String>> + Send + Sync + 'static) -> Self {
        self.access.set_scope(scope);
        self
    }

    /// Makes tasks of this kind as if they never were, whoever asks.
    pub fn hide(mut self, kind: &'static str) -> Self {
        self.access.hide(kind);
        self
    }

    /// What a task's subject is called in documents and filters: `repository`.
    pub fn subject(mut self, name: &'static str) -> Self {
        self.subject = name;
        self
    }

    /// Lets the pages of one more origin cancel and prune: `https://maps.example.org`.
    pub fn allow_origin(mut self, origin: impl AsRef<str>) -> Self {
        self.origins = self.origins.allow(origin);
        self
    }

    /// Lets the pages of these origins cancel and prune, and no others.
    pub fn allow_origins(mut self, origins: AllowedOrigins) -> Self {
        self.origins = origins;
        self
    }

    /// The routes, for an app of any state.
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        self.handler().router()
    }

    /// What answers, for an app that finds its routes by itself.
    pub fn handler(self) -> TasksHandler {
        let Self { tasks, address, access, origins, subject } = self;
        let access = Arc::new(access);
        let hub = Hub::new(tasks.clone(), access.clone());
        let (ended, traffic) = (Ended::default(), Traffic::default());
        let answers = Answers { tasks, access, origins, hub, ended, traffic };
        TasksHandler(Arc::new(Web { address, subject, answers }))
    }
}

/// Answers the requests that [`TasksWeb`] lists, whatever brings them here; a clone is the same.
#[derive(Clone)]
pub struct TasksHandler(Arc<Web>);

struct Web {
    address: PublicAddress,
    subject: &'static str,
    answers: Answers,
}

impl TasksHandler {
    /// The routes, for an app of any state.
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let answer = async |State(handler): State<Self>, request| handler.answer(request).await;
        let add = |router: Router<Self>, path: String| router.route(&path, any(answer));
        routes().fold(Router::new(), add).with_state(self)
    }

    /// Whether a path leads to the tasks.
    pub fn takes(&self, path: &str) -> bool {
        Target::of(path).is_some()
    }

    /// The answer to a request; 404 where its path does not lead to the tasks.
    pub async fn answer(&self, request: Request) -> Response {
        let (request, body) = request.into_parts();
        let target = Target::of(request.uri.path());
        let printer = match Printer::of(&request, target.and_then(|(_, suffix)| suffix), &self.0.address) {
            Ok(printer) => printer.calling_subjects(self.0.subject),
            Err(unknown_format) => return unknown_format.into_response(),
        };
        match target {
            Some((target, _)) => self.0.answers.answer(&request, body, &printer, target).await,
            None => printer.error(&ApiError::not_found("There is nothing here.")),
        }
    }

    /// What clients have asked for.
    pub fn traffic(&self) -> &Traffic {
        &self.0.answers.traffic
    }
}
