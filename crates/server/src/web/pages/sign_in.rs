//! Signing in with a token, and out.

use std::time::Duration;

use askama::Template;
use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use longhaul_tasks_web::{AllowedOrigins, ApiError, Base, Renderer};

use super::{
    Pages,
    form::PageForm,
    frame::{html, root_of},
};
use crate::{
    access::{Authenticator, SESSION_LIFETIME},
    serving::RequestInProgress,
    web::{WebState, body, error_response, parameters::Parameters},
};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    root: &'a str,
    csrf: &'a str,
    next: &'a str,
    error: Option<&'a str>,
    hours: u64,
}

/// `GET /-/sign-in?next=PATH`.
pub(super) async fn show(
    renderer: Renderer,
    Extension(Pages(pages)): Extension<Pages>,
    request: Request,
) -> Result<Response, ApiError> {
    let query = Parameters::of_query(request.uri().query());
    form_page(&renderer.base, pages.csrf.as_str(), query.text("next"), None)
}

/// `POST /-/sign-in`: opens a session, and leads to the page that the reader wanted to see.
pub(super) async fn sign_in(
    renderer: Renderer,
    State(WebState(state)): State<WebState>,
    Extension(Pages(pages)): Extension<Pages>,
    request: Request,
) -> Result<Response, ApiError> {
    let (request, mut body) = request.into_parts();
    AllowedOrigins::default().admit(&request.headers, &renderer.base)?;
    let form = body::parameters(&request.headers, &mut body).await?;
    let next = form.text("next");
    let csrf = &pages.csrf;
    let again = |why: &str| form_page(&renderer.base, csrf.as_str(), next, Some(why));
    if !form.text("csrf").is_some_and(|sent| csrf.is(sent)) {
        return again("The form was out of date; please try again.");
    }
    let Some(authenticator) = &state.authenticator else {
        return Ok(see_other(&renderer.base, "/", None));
    };
    let peer = RequestInProgress::peer_of(&request.extensions);
    let secret = form.text("token").unwrap_or_default().trim();
    match authenticator.sign_in(secret, &request.headers, peer) {
        Err(denied) => {
            let mut response = again(&denied.error().message)?;
            *response.status_mut() = StatusCode::FORBIDDEN;
            Ok(response)
        }
        Ok(opened) => {
            let value = opened.map_err(|error| {
                tracing::error!(error = format!("{error:#}"), "a session cannot be opened");
                error_response::unexplained()
            })?;
            let cookie = cookie(authenticator, &renderer.base, &value, SESSION_LIFETIME);
            Ok(see_other(&renderer.base, local(next), Some(&cookie)))
        }
    }
}

/// `POST /-/sign-out`: ends the session.
pub(super) async fn sign_out(
    renderer: Renderer,
    State(WebState(state)): State<WebState>,
    headers: HeaderMap,
    _: PageForm,
) -> Response {
    let Some(authenticator) = &state.authenticator else { return see_other(&renderer.base, "/", None) };
    authenticator.sessions().close(&headers);
    let cookie = cookie(authenticator, &renderer.base, "", Duration::ZERO);
    see_other(&renderer.base, "/-/sign-in", Some(&cookie))
}

fn form_page(base: &Base, csrf: &str, next: Option<&str>, error: Option<&str>) -> Result<Response, ApiError> {
    let hours = SESSION_LIFETIME.as_secs() / 3600;
    html(&SignInPage { root: root_of(base), csrf, next: local(next), error, hours })
}

/// A path of this server; the start page instead of anything else.
fn local(next: Option<&str>) -> &str {
    let is_local = |next: &&str| {
        next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t'])
    };
    next.filter(is_local).unwrap_or("/")
}

/// `Lax`, because with `Strict` a link from a mail would arrive signed out. Requests that change something need more than the
/// cookie.
fn cookie(authenticator: &Authenticator, base: &Base, value: &str, age: Duration) -> String {
    let secure = if base.as_str().starts_with("https:") { "; Secure" } else { "" };
    let path = match root_of(base) {
        "" => "/",
        root => root,
    };
    let name = authenticator.sessions().cookie_name();
    format!("{name}={value}; Path={path}; Max-Age={}; HttpOnly; SameSite=Lax{secure}", age.as_secs())
}

fn see_other(base: &Base, path: &str, cookie: Option<&str>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let location = HeaderValue::try_from(format!("{}{path}", root_of(base)));
    headers.insert(header::LOCATION, location.unwrap_or(HeaderValue::from_static("/")));
    headers.extend(
        cookie
            .and_then(|cookie| HeaderValue::try_from(cookie).ok())
            .map(|cookie| (header::SET_COOKIE, cookie)),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn nobody_is_led_to_another_server_after_signing_in() {
        assert_eq!(local(Some("/tasks?status=FAILED")), "/tasks?status=FAILED");
        for other in
            ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "", "tasks"]
        {
            assert_eq!(local(Some(other)), "/", "{other}");
        }
        assert_eq!(local(None), "/");
    }
}
