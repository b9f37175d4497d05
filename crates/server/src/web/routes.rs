//! All routes of the server.

use axum::{
    Extension, Router,
    http::request::Parts,
    middleware,
    routing::{any, get, post, put},
};
use longhaul_tasks::TaskId;
use longhaul_tasks_web::{ApiError, Renderer, RendererConfig, TasksWeb, Touched, method_fallback};

use super::{
    WebState, about, config, delete, diff, drain, export, export_diff, files, git, history, http_counts,
    import, init, layer_list, log, ls_tree, metrics, ogc, openapi, osm, other_commands::other_command,
    rename, repos, revert,
};
use crate::{access::Caller, jobs};

/// The most ids in a line of the log.
const MOST_LOGGED: usize = 100;

/// What the server's tasks are about.
pub(super) const SUBJECT: &str = "repository";

/// The routes, with the method and the role that each takes. Every path may end in `.json` or `.xml`, and in a slash.
///
/// Where a role is named, [`Repo`](super::Repo) or [`Caller`] enforces it; a repository that is hidden from the caller is as one
/// that does not exist. The routes of the tasks are those of [`TasksWeb`], with the roles of [`Caller::permit`].
pub(super) fn routes(tasks: TasksWeb, config: RendererConfig, state: WebState) -> Router {
    let read = method_fallback("GET, HEAD, OPTIONS");
    let create = method_fallback("PUT, OPTIONS");
    let change = method_fallback("POST, OPTIONS");
    let repository = method_fallback("GET, HEAD, DELETE, OPTIONS");
    let (advertise, service) = (method_fallback("GET, OPTIONS"), change.clone());
    let submit = method_fallback("GET, POST, OPTIONS");
    Router::new()
        // anybody, without a token
        .route("/healthz", get(about::health).fallback(read.clone()))
        .route("/readyz", get(about::readiness).fallback(read.clone()))
        // any token
        .route("/version", get(about::version).fallback(read.clone()))
        .route("/openapi", get(openapi::document).fallback(read.clone()))
        // a token for all repositories
        .route("/metrics", get(metrics::metrics).fallback(read.clone()))
        // reader
        .route("/repos", get(repos::list).fallback(read.clone()))
        // reader; DELETE: admin
        .route("/repos/{name}", get(repos::show).delete(delete::delete).fallback(repository))
        // reader
        .route("/repos/{name}/log", get(log::log).fallback(read.clone()))
        .route("/repos/{name}/diff", get(diff::diff).fallback(read.clone()))
        .route("/repos/{name}/ls-tree", get(ls_tree::ls_tree).fallback(read.clone()))
        .route("/repos/{name}/layers", get(layer_list::layers).fallback(read.clone()))
        .route("/repos/{name}/at/{revision}/layers", get(layer_list::layers).fallback(read.clone()))
        .merge(ogc::routes())
        .merge(files::routes())
        // reader; POST: admin
        .route(
            "/repos/{name}/config",
            get(config::show).post(config::set).fallback(method_fallback("GET, HEAD, POST, OPTIONS")),
        )
        // reader; a HEAD must not submit a task
        .route(
            "/repos/{name}/export",
            get(export::export).post(export::export).head(submit.clone()).fallback(submit.clone()),
        )
        .route(
            "/repos/{name}/export-diff",
            get(export_diff::export_diff)
                .post(export_diff::export_diff)
                .head(submit.clone())
                .fallback(submit.clone()),
        )
        // writer
        .route("/repos/{name}/init", put(init::init).fallback(create))
        .route("/repos/{name}/import", post(import::import).fallback(change.clone()))
        .route("/repos/{name}/revert", post(revert::revert).fallback(change.clone()))
        // writer; a HEAD must not submit a task
        .route(
            "/repos/{name}/osm/import",
            get(osm::import).post(osm::import).head(submit.clone()).fallback(submit.clone()),
        )
        .route(
            "/repos/{name}/osm/download",
            get(osm::download).post(osm::download).head(submit.clone()).fallback(submit),
        )
        // admin
        .route("/repos/{name}/delete", get(delete::offer).fallback(read.clone()))
        .route("/repos/{name}/rename", post(rename::rename).fallback(change))
        // Git's own protocol, where NAME ends in .git. Reader; a push: writer
        .route("/repos/{name}/info/refs", get(git::advertise).head(advertise.clone()).fallback(advertise))
        .route("/repos/{name}/git-upload-pack", post(git::upload_pack).fallback(service.clone()))
        .route("/repos/{name}/git-receive-pack", post(git::receive_pack).fallback(service))
        // any token; a limited one sees the tasks of its repositories
        .route("/history", get(history::history).fallback(read.clone()))
        // admin
        .route(
            "/admin/drain",
            get(drain::show)
                .post(drain::begin)
                .delete(drain::end)
                .fallback(method_fallback("GET, HEAD, POST, DELETE, OPTIONS")),
        )
        // anything else
        .route("/repos/{name}/{command}", any(other_command))
        .route("/repos/{name}/{group}/{command}", any(other_command))
        .fallback(not_found)
        .layer(Extension(config))
        .with_state(state)
        .layer(middleware::from_fn(http_counts::mark))
        .merge(tasks.router())
}

/// The routes of the tasks. If callers are identified, each sees the tasks of its repositories.
pub(super) fn tasks_web(tasks: TasksWeb, are_callers_identified: bool) -> TasksWeb {
    // Tasks that the server submits itself are not shown to clients.
    let tasks = jobs::INTERNAL.into_iter().fold(tasks.subject(SUBJECT), TasksWeb::hide);
    let tasks = tasks.observe(log_touched);
    match are_callers_identified {
        false => tasks,
        true => tasks
            .access(|request, task| Caller::of(&request.extensions).permit(task))
            .scope(|request| Caller::of(&request.extensions).scope().map(<[String]>::to_vec)),
    }
}

/// Logs who has cancelled or pruned tasks.
fn log_touched(request: &Parts, touched: Touched, ids: &[TaskId]) {
    let caller = Caller::of(&request.extensions);
    let (caller, count) = (caller.name(), ids.len());
    let ids: Vec<_> = ids.iter().take(MOST_LOGGED).map(|id| id.0).collect();
    match touched {
        Touched::Cancelled => tracing::info!(caller, count, ?ids, "tasks were cancelled"),
        Touched::Pruned => tracing::info!(caller, count, ?ids, "tasks were pruned"),
    }
}

async fn not_found(_: Renderer) -> ApiError {
    ApiError::not_found("There is nothing here.")
}
