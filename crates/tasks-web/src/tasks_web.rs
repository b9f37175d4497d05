use std::sync::Arc;

use axum::{
    Router,
    http::request::Parts,
    routing::{get, post},
};
use longhaul_tasks::{Task, TaskId, Tasks};

use crate::{
    access::Access,
    document_cache::DocumentCache,
    event_stream::EventBroadcaster,
    handlers::{bulk, download, events, list, method_fallback, task},
    state::TasksState,
    task_action::Touched,
    {AllowedOrigins, Permit, PublicAddress, RendererConfig, RequestCounts},
};

/// The routes of the tasks, for an axum app to merge or nest.
///
/// | request | response |
/// |---|---|
/// | `GET /tasks` | the tasks that the caller may see, oldest first; filtered by `status`, `kind`, `owner`, `since`, `before` and the subject, paged by `limit` and `after` |
/// | `POST /tasks/cancel`, `POST /tasks/prune` | does so with all tasks that the same filters select; with `dryRun=true` only says which |
/// | `GET /tasks/3` | the task, with an `ETag` and, if it has not ended, `Retry-After` |
/// | `GET /tasks/3?wait=30` | the task once it has changed, or after 30 seconds, also with `Prefer: wait=30` |
/// | `GET /tasks/3?cancel=true` | asks it to stop; the task after that |
/// | `GET /tasks/3?prune=true` | removes the task if it has ended; the task |
/// | `DELETE /tasks/3` | cancels an unfinished task, prunes a finished or failed one, leaves a cancelled one |
/// | `GET /tasks/3/download` | its result file |
/// | `GET /tasks/3/events` | server-sent events: its document as it changes |
/// | `GET /tasks/events` | server-sent events: the documents of all tasks that the caller may see, as they change |
///
/// With the [`FormatLayer`](crate::FormatLayer) around the app, each path may end in `.xml` or `.json`, and in a slash. Identifying
/// callers, CORS and compression are up to the app's own layers.
pub struct TasksWeb {
    tasks: Tasks,
    renderer: RendererConfig,
    access: Access,
    origins: AllowedOrigins,
    counts: RequestCounts,
}

impl TasksWeb {
    /// Every caller may see and touch every task, links begin with the address that a request was sent to, and no page of another
    /// origin may change anything.
    pub fn new(tasks: Tasks) -> Self {
        Self {
            tasks,
            renderer: RendererConfig::default(),
            access: Access::default(),
            origins: AllowedOrigins::default(),
            counts: RequestCounts::default(),
        }
    }

    /// Sets what links begin with.
    pub fn address(mut self, address: PublicAddress) -> Self {
        self.renderer.address = address;
        self
    }

    /// Sets what links begin with to a fixed URL: `https://maps.example.org/jobs`.
    pub fn public_url(self, url: impl Into<String>) -> Self {
        self.address(PublicAddress::fixed(url))
    }

    /// Asks `rule` about each task before it is shown or touched. It gets the request's head, with the extensions that the app's
    /// own layers have added about the caller. It must not block.
    pub fn access(mut self, rule: impl Fn(&Parts, &Task) -> Permit + Send + Sync + 'static) -> Self {
        self.access.set_rule(rule);
        self
    }

    /// Returns the subjects whose tasks a caller may see; `None`: all of them, and tasks without a subject. It must include every
    /// task that the [rule](Self::access) lets the caller see. If it includes exactly those, lists are filtered by the store instead
    /// of task by task, and have an `X-Total-Count`.
    pub fn scope(mut self, scope: impl Fn(&Parts) -> Option<Vec<String>> + Send + Sync + 'static) -> Self {
        self.access.set_scope(scope);
        self
    }

    /// Hides tasks of this kind from every caller.
    pub fn hide(mut self, kind: &'static str) -> Self {
        self.access.hide(kind);
        self
    }

    /// Calls `observer` after a request has cancelled or pruned tasks, with the request's head and their ids. It must not block.
    pub fn observe(mut self, observer: impl Fn(&Parts, Touched, &[TaskId]) + Send + Sync + 'static) -> Self {
        self.access.set_observer(observer);
        self
    }

    /// Sets what documents and filters call a task's subject: `repository`.
    pub fn subject(mut self, name: &'static str) -> Self {
        self.renderer.subject = name;
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

    /// The counts of the requests that the router handles.
    pub fn request_counts(&self) -> RequestCounts {
        self.counts.clone()
    }

    /// The routes, to be merged or nested into an app of any state.
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let access = Arc::new(self.access);
        let state = TasksState {
            events: EventBroadcaster::new(self.tasks.clone(), access.clone()),
            tasks: self.tasks,
            access,
            origins: self.origins,
            ended: DocumentCache::default(),
            counts: self.counts,
            renderer: self.renderer,
        };
        let (read, change) = (method_fallback("GET, HEAD, OPTIONS"), method_fallback("POST, OPTIONS"));
        let task_fallback = method_fallback("GET, HEAD, DELETE, OPTIONS");
        Router::new()
            .route("/tasks", get(list::list).fallback(read.clone()))
            .route("/tasks/events", get(events::of_all).fallback(read.clone()))
            .route("/tasks/cancel", post(bulk::cancel).fallback(change.clone()))
            .route("/tasks/prune", post(bulk::prune).fallback(change))
            .route("/tasks/{id}", get(task::show).delete(task::delete).fallback(task_fallback))
            .route("/tasks/{id}/events", get(events::of_task).fallback(read.clone()))
            .route("/tasks/{id}/download", get(download::download).fallback(read))
            .with_state(Arc::new(state))
    }
}
