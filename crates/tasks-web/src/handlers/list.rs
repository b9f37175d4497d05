use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderName, StatusCode, header},
    response::Response,
};

use crate::{
    ApiError, Renderer, list_query,
    state::{TasksRenderer, TasksState},
    task_list::TaskList,
};

/// `GET /tasks`. Without a `limit`, a list of more than one [`Page`](longhaul_tasks::Page) is rendered while it is sent, and has
/// no `Content-Length`.
pub(crate) async fn list(
    State(state): State<Arc<TasksState>>,
    TasksRenderer(renderer): TasksRenderer,
    request: Request,
) -> Result<Response, ApiError> {
    let (request, _) = request.into_parts();
    let query = request.uri.query().unwrap_or_default();
    let filter = list_query::filter(query, renderer.subject)?;
    let visible = state.visible_to(&request);
    let Some(limit) = filter.limit else {
        let first = visible.page(&filter).await?;
        let total = match (first.next, filter.after) {
            (None, None) => Some(first.tasks.len()),
            _ => visible.totals(&filter).await?.map(|totals| totals.all()),
        };
        let mut response = response(&renderer, Vec::new(), total);
        *response.body_mut() = TaskList { state, request, renderer, filter }.into_body(first);
        return Ok(response);
    };
    let tasks = visible.first(&filter, limit).await?;
    let total = visible.totals(&filter).await?.map(|totals| totals.all());
    let mut response = response(&renderer, renderer.tasks(&tasks), total);
    if let Some(last) = tasks.last().filter(|_| tasks.len() == limit) {
        response
            .headers_mut()
            .extend(renderer.next_page("/tasks", query, last.id).map(|next| (header::LINK, next)));
    }
    Ok(response)
}

fn response(renderer: &Renderer, document: Vec<u8>, total: Option<usize>) -> Response {
    let mut response = renderer.response(StatusCode::OK, document);
    response
        .headers_mut()
        .extend(total.map(|total| (HeaderName::from_static("x-total-count"), total.into())));
    response
}
