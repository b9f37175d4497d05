//! `/admin/drain`: whether the server takes new tasks.

use axum::{
    extract::{FromRef, State},
    http::{StatusCode, request::Parts},
    response::Response,
};
use longhaul_tasks::{Filter, Report, Tasks};
use longhaul_tasks_web::{AllowedOrigins, ApiError, Renderer};

use super::{WebState, error_response::ErrorResponse};
use crate::access::Caller;

/// `POST`: takes no new tasks from now on. The response says how many have not ended.
pub(super) async fn begin(
    renderer: Renderer,
    caller: Caller,
    State(state): State<WebState>,
    request: Parts,
) -> Result<Response, ErrorResponse> {
    set(true, &renderer, &caller, &state, &request).await
}

/// `DELETE`: takes new tasks again.
pub(super) async fn end(
    renderer: Renderer,
    caller: Caller,
    State(state): State<WebState>,
    request: Parts,
) -> Result<Response, ErrorResponse> {
    set(false, &renderer, &caller, &state, &request).await
}

/// `GET`: whether it does.
pub(super) async fn show(
    renderer: Renderer,
    caller: Caller,
    State(tasks): State<Tasks>,
) -> Result<Response, ErrorResponse> {
    caller.require_admin()?;
    respond(&renderer, &tasks).await
}

async fn set(
    is_draining: bool,
    renderer: &Renderer,
    caller: &Caller,
    state: &WebState,
    request: &Parts,
) -> Result<Response, ErrorResponse> {
    AllowedOrigins::from_ref(state).admit(&request.headers, &renderer.base)?;
    caller.require_admin()?;
    let tasks = Tasks::from_ref(state);
    if tasks.is_draining() != is_draining {
        tasks.drain(is_draining);
        tracing::info!(is_draining, caller = caller.name(), "whether new tasks are taken was changed");
    }
    respond(renderer, &tasks).await
}

async fn respond(renderer: &Renderer, tasks: &Tasks) -> Result<Response, ErrorResponse> {
    let totals = tasks.totals(&Filter::default()).await.map_err(ApiError::from)?;
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let report = Report::new()
        .boolean("draining", tasks.is_draining())
        .integer("waiting", count(totals.waiting))
        .integer("running", count(totals.running));
    Ok(renderer.success(StatusCode::OK, report))
}
