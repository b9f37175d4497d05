//! `GET /history`: the tasks that have ended, also those that are not kept any more.

use axum::{
    extract::State,
    http::{StatusCode, header, request::Parts},
    response::Response,
};
use jiff::Timestamp;
use longhaul_tasks::{EndedTask, Page, Report, ReportValue};
use longhaul_tasks_web::{ApiError, Renderer, task_filter};

use super::{WebState, error_response::ErrorResponse, routes::SUBJECT};
use crate::{access::Caller, jobs};

/// The tasks that the filters of `GET /tasks` select, oldest first; a page of at most 1,000, with a link to the next.
pub(super) async fn history(
    renderer: Renderer,
    caller: Caller,
    State(WebState(state)): State<WebState>,
    request: Parts,
) -> Result<Response, ErrorResponse> {
    let query = request.uri.query().unwrap_or_default();
    let mut filter = task_filter(query, SUBJECT)?;
    filter.within = caller.scope().map(<[String]>::to_vec);
    let limit = filter.limit.unwrap_or(Page::MAX);
    let ended = match state.store.clone() {
        Some(store) => {
            let pool = &state.repositories.pool;
            pool.run(move || store.history(&filter, &jobs::INTERNAL)).await?.map_err(ApiError::from)?
        }
        None => Vec::new(),
    };
    let report = Report::new().list("task", ended.iter().map(|task| ReportValue::Element(described(task))));
    let mut response = renderer.success(StatusCode::OK, report);
    if let Some(last) = ended.last().filter(|_| ended.len() == limit) {
        response
            .headers_mut()
            .extend(renderer.next_page("/history", query, last.id).map(|next| (header::LINK, next)));
    }
    Ok(response)
}

fn described(task: &EndedTask) -> Report {
    let id = i64::try_from(task.id.0).unwrap_or(i64::MAX);
    let report = Report::new()
        .integer("id", id)
        .text("status", task.status.as_str())
        .text("kind", &task.kind)
        .text("description", &task.description);
    let texts = [(SUBJECT, &task.subject), ("owner", &task.owner)];
    let report = texts.into_iter().fold(report, with_text);
    let report = task.details.iter().fold(report, |report, (name, value)| report.text(name, value));
    let time = |time: Timestamp| Some(time.to_string());
    let times = [
        ("created", time(task.created)),
        ("started", task.started.and_then(time)),
        ("finished", time(task.finished)),
    ];
    let report = times.iter().map(|(name, time)| (*name, time)).fold(report, with_text);
    [("error", &task.error), ("cause", &task.cause)].into_iter().fold(report, with_text)
}

fn with_text(report: Report, (name, value): (&str, &Option<String>)) -> Report {
    match value {
        Some(value) => report.text(name, value),
        None => report,
    }
}
