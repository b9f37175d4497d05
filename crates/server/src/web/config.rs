//! `GET` and `POST /repos/{name}/config`: the settings of a repository that may be seen and changed.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use longhaul_commands::Guards;
use longhaul_repository::Repository;
use longhaul_tasks::{Report, ReportValue};
use longhaul_tasks_web::{ApiError, Renderer};
use serde::Deserialize;

use super::{
    Admin, Reader, Repo, RepositoryStore, body,
    error_response::{self, ErrorResponse},
    parameters::{Parameters, Params},
};

/// The committer of a repository.
const COMMITTER: [&str; 2] = ["user.name", "user.email"];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ConfigParams {
    name: Option<String>,
}

/// The value of one setting, or all of them.
pub(super) async fn show(
    renderer: Renderer,
    Repo(repository, _): Repo<Reader>,
    Params(params): Params<ConfigParams>,
) -> Result<Response, ErrorResponse> {
    let value = |key: &str| repository.config_value(key);
    let report = match params.name {
        Some(name) => {
            let value = known_key(&name).and_then(value);
            value.map_or_else(Report::new, |value| Report::new().text("value", value))
        }
        None => {
            let set = keys().filter_map(|key| Some((key, value(key)?)));
            let item =
                |(key, value)| ReportValue::Element(Report::new().text("name", key).text("value", value));
            Report::new().list("config", set.map(item))
        }
    };
    Ok(renderer.success(StatusCode::OK, report))
}

/// Changes one setting.
pub(super) async fn set(
    renderer: Renderer,
    Repo(repository, _): Repo<Admin>,
    State(store): State<RepositoryStore>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    let (request, mut body) = request.into_parts();
    let query = Parameters::of_query(request.uri.query());
    let parameters = body::parameters(&request.headers, &mut body).await?.or(query);
    let name = parameters.text("name").ok_or_else(|| missing("name"))?;
    let key = known_key(name).ok_or_else(|| {
        let keys: Vec<_> = keys().collect();
        ApiError::forbidden(format!("Only these settings can be changed: {}.", keys.join(", ")))
    })?;
    if !parameters.has("value") {
        return Err(missing("value").into());
    }
    let value = parameters.text("value").unwrap_or_default().to_owned();
    check(key, &value)?;
    store.pool.run(move || write(&repository, key, &value)).await??;
    Ok(renderer.success(StatusCode::OK, Report::new()))
}

fn keys() -> impl Iterator<Item = &'static str> {
    COMMITTER.into_iter().chain(Guards::KEYS)
}

/// The key in its usual letter case.
fn known_key(name: &str) -> Option<&'static str> {
    keys().find(|key| key.eq_ignore_ascii_case(name))
}

/// An empty value removes the setting.
fn check(key: &str, value: &str) -> Result<(), ApiError> {
    let checked = if value.is_empty() { Ok(false) } else { Guards::default().set(key, value) };
    checked.map(drop).map_err(|error| ApiError::bad_request(format!("{key} {error}.")))
}

fn write(repository: &Repository, key: &str, value: &str) -> Result<(), ApiError> {
    repository.set_config_value(key, value).map_err(error_response::of_read)
}

/// GeoGig's text and status.
fn missing(name: &str) -> ApiError {
    let text = format!("Required parameter '{name}' was not provided.");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, text)
}
