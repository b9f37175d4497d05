//! The parts of pages that a script fetches again when something has happened to a task.

use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use longhaul_tasks::{Filter, Status, Tasks};
use longhaul_tasks_web::{ApiError, method_fallback};

use super::{
    frame::{Frame, html},
    task_page,
    task_row::TaskRow,
    tasks_page, text,
    visible_tasks::VisibleTasks,
};
use crate::web::WebState;

/// Tasks on the start page.
const SHOWN: usize = 8;

/// The routes: the address of a page after `/-/live`.
pub(super) fn routes() -> Router<WebState> {
    let read = || method_fallback("GET, HEAD, OPTIONS");
    Router::new()
        .route("/-/live", get(running).fallback(read()))
        .route("/-/live/repos", get(running).fallback(read()))
        .route("/-/live/tasks", get(tasks_page::show_live).fallback(read()))
        .route("/-/live/tasks/{id}", get(task_page::show_live).fallback(read()))
}

/// The unfinished tasks, as the start page shows them.
#[derive(Template)]
#[template(path = "running_tasks.html")]
pub(super) struct RunningTasks {
    root: String,
    csrf: String,
    rows: Vec<TaskRow>,
    /// How many there are that are not in `rows`.
    more: usize,
}

async fn running(frame: Frame, State(tasks): State<Tasks>) -> Result<Response, ApiError> {
    html(&running_tasks(&tasks, &frame).await?)
}

/// The first of the unfinished tasks.
pub(super) async fn running_tasks(tasks: &Tasks, frame: &Frame) -> Result<RunningTasks, ApiError> {
    let visible = VisibleTasks { tasks, caller: &frame.caller };
    let filter = Filter { status: vec![Status::Running, Status::Waiting], ..Filter::default() };
    let total = visible.totals(&filter).await?.all();
    let first = tasks.page(&Filter { limit: Some(SHOWN), ..visible.narrowed(&filter) }).await?.tasks;
    let rows: Vec<_> = first.iter().map(|task| TaskRow::new(task, visible.permit(task))).collect();
    let more = total.saturating_sub(rows.len());
    Ok(RunningTasks { root: frame.root.clone(), csrf: frame.csrf.clone(), rows, more })
}
