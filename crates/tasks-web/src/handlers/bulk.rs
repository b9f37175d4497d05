use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};

use crate::{
    ApiError, Renderer,
    bulk::BulkAction,
    form, list_query,
    state::{TasksRenderer, TasksState},
};

/// `POST /tasks/cancel`.
pub(crate) async fn cancel(
    State(state): State<Arc<TasksState>>,
    TasksRenderer(renderer): TasksRenderer,
    request: Request,
) -> Result<Response, ApiError> {
    run(BulkAction::Cancel, &state, &renderer, request).await
}

/// `POST /tasks/prune`.
pub(crate) async fn prune(
    State(state): State<Arc<TasksState>>,
    TasksRenderer(renderer): TasksRenderer,
    request: Request,
) -> Result<Response, ApiError> {
    run(BulkAction::Prune, &state, &renderer, request).await
}

/// The filter is the query and the form in the body together.
async fn run(
    action: BulkAction,
    state: &TasksState,
    renderer: &Renderer,
    request: Request,
) -> Result<Response, ApiError> {
    let (request, body) = request.into_parts();
    state.origins.admit(&request.headers, &renderer.base)?;
    let query = request.uri.query().unwrap_or_default();
    let query = format!("{query}&{}", form::read(&request.headers, body).await?);
    let (filter, is_dry_run) = list_query::bulk_filter(&query, renderer.subject)?;
    let result = action.run(state.visible_to(&request), filter, is_dry_run).await?;
    Ok(renderer.success(StatusCode::OK, result.report()))
}
