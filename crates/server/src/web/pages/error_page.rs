//! Errors as pages.

use askama::Template;
use longhaul_tasks_web::ApiError;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    root: &'a str,
    status: u16,
    title: &'static str,
    message: &'a str,
}

/// The page of an error.
pub(super) fn render(root: &str, error: &ApiError) -> String {
    let title = error.status.canonical_reason().unwrap_or("Error");
    let page = ErrorPage { root, status: error.status.as_u16(), title, message: &error.message };
    page.render().unwrap_or_default()
}

/// Where there is no page.
pub(super) async fn not_found() -> ApiError {
    ApiError::not_found("There is nothing here.")
}
