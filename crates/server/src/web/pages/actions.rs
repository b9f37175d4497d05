//! What the forms of pages are sent to. Each makes one request to the API, which decides whether it is permitted.

use axum::{Router, http::Method, response::Response, routing::post};
use longhaul_repository::{InvalidName, RepositoryName};
use longhaul_tasks_web::{ApiError, method_fallback};
use serde_json::Value;

use super::form::PageForm;
use crate::web::WebState;

/// The filters of tasks.
pub(super) const FILTERS: [&str; 6] = ["status", "kind", "repository", "owner", "since", "before"];

pub(super) fn routes() -> Router<WebState> {
    let only_post = || method_fallback("POST, OPTIONS");
    Router::new()
        .route("/-/repositories", post(make_repository).fallback(only_post()))
        .route("/-/import", post(import).fallback(only_post()))
        .route("/-/commit-upload", post(commit_upload).fallback(only_post()))
        .route("/-/revert", post(revert).fallback(only_post()))
        .route("/-/settings", post(change_setting).fallback(only_post()))
        .route("/-/cancel-task", post(cancel_task).fallback(only_post()))
        .route("/-/remove-task", post(remove_task).fallback(only_post()))
        .route("/-/cancel-tasks", post(cancel_tasks).fallback(only_post()))
        .route("/-/remove-tasks", post(remove_tasks).fallback(only_post()))
}

async fn make_repository(form: PageForm) -> Result<Response, ApiError> {
    let name = repository(&form, "name")?;
    let page = format!("/repos/{name}");
    form.send_then_show(Method::PUT, &format!("/repos/{name}/init"), |_| page).await
}

/// Imports the file of the form. What the form has beside it are parameters of the import.
async fn import(form: PageForm) -> Result<Response, ApiError> {
    let name = repository(&form, "repository")?;
    let path = import_path(form.required("kind")?, &name, "");
    // What a dry run was asked with is asked for again when it is committed.
    let kept = form.query(&["message", "add"]);
    form.send_then_show(Method::POST, &path, |task| task_page(task, &kept)).await
}

/// Commits the upload that a dry run has kept.
async fn commit_upload(form: PageForm) -> Result<Response, ApiError> {
    let name = repository(&form, "repository")?;
    let kind = form.fields.text("kind").unwrap_or_default();
    let path = import_path(kind, &name, &form.query(&["upload", "ifHead", "message", "add"]));
    form.send_then_show(Method::POST, &path, |task| task_page(task, "")).await
}

/// The request for an import of this kind of file; `query` begins with `?`, or is empty.
fn import_path(kind: &str, name: &RepositoryName, query: &str) -> String {
    match kind {
        "osm" => format!("/repos/{name}/osm/import{query}"),
        _ => format!("/repos/{name}/import?format=gpkg{}", query.replacen('?', "&", 1)),
    }
}

async fn revert(form: PageForm) -> Result<Response, ApiError> {
    let path = format!("/repos/{}/revert{}", repository(&form, "repository")?, form.query(&["commit"]));
    form.send_then_show(Method::POST, &path, |task| task_page(task, "")).await
}

async fn change_setting(form: PageForm) -> Result<Response, ApiError> {
    let name = repository(&form, "repository")?;
    let setting =
        [("name", form.required("name")?), ("value", form.fields.text("value").unwrap_or_default())];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(setting).finish();
    let path = format!("/repos/{name}/config?{query}");
    let page = format!("/repos/{name}#settings");
    form.send_then_show(Method::POST, &path, |_| page).await
}

async fn cancel_task(form: PageForm) -> Result<Response, ApiError> {
    let id = task(&form)?;
    form.send_then_show(Method::GET, &format!("/tasks/{id}?cancel=true"), |_| format!("/tasks/{id}")).await
}

async fn remove_task(form: PageForm) -> Result<Response, ApiError> {
    let path = format!("/tasks/{}?prune=true", task(&form)?);
    form.send_then_show(Method::GET, &path, |_| "/tasks".to_owned()).await
}

async fn cancel_tasks(form: PageForm) -> Result<Response, ApiError> {
    change_tasks(form, "/tasks/cancel").await
}

async fn remove_tasks(form: PageForm) -> Result<Response, ApiError> {
    change_tasks(form, "/tasks/prune").await
}

/// Changes all tasks that the filter of the page lets through, however many the page shows.
async fn change_tasks(form: PageForm, path: &str) -> Result<Response, ApiError> {
    let query = form.query(&FILTERS);
    let page = match query.len() {
        1 => "/tasks".to_owned(),
        _ => format!("/tasks{query}"),
    };
    form.send_then_show(Method::POST, &format!("{path}{query}"), |_| page).await
}

fn repository(form: &PageForm, field: &str) -> Result<RepositoryName, ApiError> {
    form.required(field)?
        .trim()
        .parse()
        .map_err(|error: InvalidName| ApiError::bad_request(error.to_string()))
}

fn task(form: &PageForm) -> Result<u64, ApiError> {
    form.required("id")?.parse().map_err(|_| ApiError::bad_request("The id of a task is a number."))
}

/// The page of the task in a document.
fn task_page(document: &Value, query: &str) -> String {
    let query = if query == "?" { "" } else { query };
    format!("/tasks/{}{query}", document["task"]["id"])
}
