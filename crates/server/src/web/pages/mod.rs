//! Pages for people, on the addresses that the API has, and what belongs to them below `/-/`.
//!
//! `negotiation` says who gets a page and not a document, `page_layer` does so around the routes. A page is a file with its handler
//! and the struct of its template in `templates`. Its forms are sent to `actions`, which make requests to the API of them, so that a
//! page can do nothing that the API does not permit.

mod actions;
mod assets;
mod body_fields;
mod commit_page;
mod commit_row;
mod docs_page;
mod error_page;
mod feature_page;
mod feature_values;
mod form;
mod frame;
mod layer_page;
mod layer_row;
mod live;
mod negotiation;
mod newest_tasks;
mod page_layer;
mod repositories_page;
mod repository_page;
mod sign_in;
mod task_page;
mod task_report;
mod task_row;
mod tasks_page;
mod text;
mod visible_tasks;

use std::sync::Arc;

use axum::{
    Extension, Router,
    routing::{get, post},
};
use longhaul_tasks_web::{RendererConfig, method_fallback};

use super::WebState;
use crate::access::CsrfToken;
pub(super) use page_layer::{PageLayer, PageOrApi};

/// What begins so is for pages: no name of a repository and no command of the API does.
const PREFIX: &str = "/-/";

/// What the handlers of pages share.
#[derive(Clone)]
struct Pages(Arc<PagesParts>);

struct PagesParts {
    /// The routes of the API, for actions.
    api: Router,
    /// What forms repeat if their reader has not signed in.
    csrf: CsrfToken,
}

/// Whether the path is needed before a reader has signed in.
pub(super) fn is_for_anybody(path: &str) -> bool {
    path.strip_prefix(PREFIX).is_some_and(|rest| rest == "sign-in" || assets::is_asset(rest))
}

/// The pages, their parts that scripts fetch, what they are made of, and what their forms are sent to.
///
/// # Errors
/// If the operating system has no random numbers.
pub(super) fn routes(state: WebState, config: RendererConfig, api: Router) -> anyhow::Result<Router> {
    let pages = Pages(Arc::new(PagesParts { api, csrf: CsrfToken::new()? }));
    let read = method_fallback("GET, HEAD, OPTIONS");
    Ok(Router::new()
        .route("/", get(repositories_page::show))
        .route("/repos", get(repositories_page::show))
        .route("/repos/{name}", get(repository_page::show))
        .route("/repos/{name}/collections", get(repository_page::show))
        .route("/repos/{name}/collections/{layer}", get(layer_page::show))
        .route("/repos/{name}/collections/{layer}/items/{key}", get(feature_page::show))
        .route("/repos/{name}/at/{revision}", get(commit_page::show))
        .route("/repos/{name}/at/{revision}/collections", get(commit_page::show))
        .route("/repos/{name}/at/{revision}/collections/{layer}", get(layer_page::show))
        .route("/repos/{name}/at/{revision}/collections/{layer}/items/{key}", get(feature_page::show))
        .route("/tasks", get(tasks_page::show))
        .route("/tasks/{id}", get(task_page::show))
        .route("/docs", get(docs_page::show))
        .merge(live::routes())
        .merge(actions::routes())
        .route("/-/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/-/sign-out", post(sign_in::sign_out))
        .route("/-/{file}", get(assets::serve).fallback(read))
        .fallback(error_page::not_found)
        .layer(Extension(pages))
        .layer(Extension(config))
        .with_state(state))
}
