//! A form of a page, and the request to the API that is made of it.

use axum::{
    Extension,
    body::Body,
    extract::{FromRequest, FromRequestParts as _, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use longhaul_multipart::boundary;
use longhaul_tasks_web::{AllowedOrigins, ApiError, Renderer};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{Pages, body_fields::leading_fields, frame::root_of, negotiation::is_navigation};
use crate::{
    access::Caller,
    serving::RequestInProgress,
    web::{WebState, body, error_response, parameters::Parameters},
};

/// The longest answer of the API that is read, in bytes.
const MAX_ANSWER: usize = 4 << 20;

/// A form that one of our pages has sent.
///
/// # Rejections
/// 403 if it does not repeat the token of its page, or comes from a page of another origin, as far as the browser says.
pub(super) struct PageForm {
    /// The fields; of a form with a file, those before the file.
    pub(super) fields: Parameters,
    head: Parts,
    /// The whole body of a form with a file; otherwise it is empty.
    body: Body,
    pages: Pages,
    root: String,
}

/// What the API has answered to the request of a form.
pub(super) enum Answer {
    Document(Value),
    Refused(Response),
}

impl FromRequest<WebState> for PageForm {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &WebState) -> Result<Self, ApiError> {
        let (mut head, mut body) = request.into_parts();
        let renderer = Renderer::from_request_parts(&mut head, state).await.unwrap_or_default();
        AllowedOrigins::default().admit(&head.headers, &renderer.base)?;
        let pages = Extension::<Pages>::from_request_parts(&mut head, state).await;
        let Extension(pages) = pages.map_err(error_response::internal)?;
        let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let fields = match boundary(content_type.unwrap_or_default()) {
            Some(boundary) => {
                let (fields, whole) = leading_fields(body, &boundary).await?;
                body = whole;
                Parameters::of_pairs(fields)
            }
            None => {
                let fields = body::parameters(&head.headers, &mut body).await?;
                body = Body::empty();
                fields
            }
        };
        let form = Self { fields, head, body, pages, root: root_of(&renderer.base).to_owned() };
        form.require_csrf_token()?;
        Ok(form)
    }
}

impl PageForm {
    fn require_csrf_token(&self) -> Result<(), ApiError> {
        let caller = Caller::of(&self.head.extensions);
        let expected = caller.session().map_or(&self.pages.0.csrf, |session| &session.csrf);
        match self.fields.text("csrf").is_some_and(|sent| expected.is(sent)) {
            true => Ok(()),
            false => Err(ApiError::forbidden(
                "The form is out of date: the server was restarted, or you have signed in again. Go back, reload the page, and try again.",
            )),
        }
    }

    /// The value of a field.
    ///
    /// # Errors
    /// 400 if it is missing.
    pub(super) fn required(&self, name: &str) -> Result<&str, ApiError> {
        let missing = || ApiError::bad_request(format!("The field '{name}' of the form is missing."));
        self.fields.text(name).ok_or_else(missing)
    }

    /// The fields of these names as a query, `?` included.
    pub(super) fn query(&self, names: &[&str]) -> String {
        let mut query = form_urlencoded::Serializer::for_suffix("?".to_owned(), 1);
        let named = self.fields.pairs().filter(|(name, value)| names.contains(name) && !value.is_empty());
        query.extend_pairs(named);
        query.finish()
    }

    /// Sends a request to the API in the name of the form's sender. A form with a file is sent on as it is.
    pub(super) async fn send(&mut self, method: Method, path: &str) -> Result<Answer, ApiError> {
        let mut request = Request::new(std::mem::take(&mut self.body));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().map_err(error_response::internal)?;
        *request.headers_mut() = forwarded_headers(&self.head.headers);
        let extensions = request.extensions_mut();
        extensions.insert(Caller::of(&self.head.extensions).with_changes());
        self.head.extensions.get::<RequestInProgress>().map(|request| extensions.insert(request.clone()));
        let Ok(response) = self.pages.0.api.clone().oneshot(request).await;
        if !response.status().is_success() {
            return Ok(Answer::Refused(response));
        }
        let bytes = axum::body::to_bytes(response.into_body(), MAX_ANSWER).await;
        let document = serde_json::from_slice(&bytes.map_err(error_response::internal)?);
        document.map(Answer::Document).map_err(error_response::internal)
    }

    /// Sends a request to the API, and then the reader to a page, or to what the API has refused it with.
    pub(super) async fn send_then_show(
        mut self,
        method: Method,
        path: &str,
        page: impl FnOnce(&Value) -> String,
    ) -> Result<Response, ApiError> {
        match self.send(method, path).await? {
            Answer::Refused(response) => Ok(response),
            Answer::Document(document) => Ok(self.show(&page(&document))),
        }
    }

    /// Leads the browser to a page. A script reads where it is.
    pub(super) fn show(&self, page: &str) -> Response {
        let location = format!("{}{page}", self.root);
        if !is_navigation(&self.head.headers) {
            let document = json!({"location": location}).to_string();
            return ([(header::CONTENT_TYPE, "application/json")], document).into_response();
        }
        let location = HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("/"));
        (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
    }
}

/// The headers of a form that concern the API: where it was sent, from where, and what its body is.
fn forwarded_headers(sent: &HeaderMap) -> HeaderMap {
    let is_forwarded = |name: &HeaderName| {
        matches!(*name, header::HOST | header::ORIGIN | header::CONTENT_TYPE | header::CONTENT_LENGTH)
            || name.as_str().starts_with("x-forwarded-")
            || name.as_str().starts_with("sec-fetch-")
    };
    let mut headers: HeaderMap = sent
        .iter()
        .filter(|(name, _)| is_forwarded(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers
}
