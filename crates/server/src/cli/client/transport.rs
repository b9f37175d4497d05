use std::time::Duration;

use bytes::Bytes;
use reqwest::{
    Method, RequestBuilder, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION},
    redirect,
};
use serde::de::DeserializeOwned;

use super::{ClientError, ServerAddress};

/// A client of one server.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    server: ServerAddress,
}

/// A successful response.
#[derive(Clone, Debug)]
pub struct ApiResponse {
    /// Method and URL of the request.
    request: String,
    /// The body.
    pub text: String,
}

/// A file that is being downloaded.
#[derive(Debug)]
pub struct Download {
    server: ServerAddress,
    response: reqwest::Response,
}

/// Timeout of requests that transfer no files.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

impl Client {
    /// Makes a client; it connects with the first request.
    ///
    /// # Errors
    /// If TLS is needed and cannot be set up, or the token contains invalid characters.
    pub fn new(server: ServerAddress, token: Option<&str>) -> Result<Self, ClientError> {
        // Fails harmlessly if an earlier client has installed the provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Following a redirect would turn an upload into a GET request.
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("longhaul/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .redirect(redirect::Policy::none());
        if let Some(token) = token {
            http = http.default_headers(HeaderMap::from_iter([(AUTHORIZATION, bearer(token)?)]));
        }
        if server.is_loopback() {
            http = http.no_proxy();
        }
        if !server.is_encrypted() {
            // Loads no certificates, so that plain HTTP works on a machine without any.
            http = http.tls_certs_only([]);
        }
        let http = http.build().map_err(|error| ClientError::from_client_builder(&server, &error))?;
        Ok(Self { http, server })
    }

    /// The address of the server.
    pub fn server(&self) -> &ServerAddress {
        &self.server
    }

    /// Sends a GET request.
    pub async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<ApiResponse, ClientError> {
        self.send(self.request(Method::GET, path, query).timeout(TIMEOUT)).await
    }

    /// Sends a PUT request without a body.
    pub async fn put(&self, path: &[&str]) -> Result<ApiResponse, ClientError> {
        self.send(self.request(Method::PUT, path, &[]).timeout(TIMEOUT)).await
    }

    /// Starts the download of a task's file.
    pub async fn download(&self, task: u64) -> Result<Download, ClientError> {
        let request = self.request(Method::GET, &["tasks", &task.to_string(), "download"], &[]);
        let failed = |error: reqwest::Error| ClientError::from_transport(&self.server, &error);
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        if status.is_success() {
            return Ok(Download { server: self.server.clone(), response });
        }
        let text = response.text().await.map_err(failed)?;
        Err(ClientError::from_response(status, &text))
    }

    pub(super) fn request(&self, method: Method, path: &[&str], query: &[(&str, &str)]) -> RequestBuilder {
        let mut url = self.server.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.http.request(method, url)
    }

    pub(super) async fn send(&self, request: RequestBuilder) -> Result<ApiResponse, ClientError> {
        self.send_expecting(request, |status| status.is_success()).await
    }

    /// As [`send`](Self::send), where other statuses mean success.
    pub(super) async fn send_expecting(
        &self,
        request: RequestBuilder,
        is_success: impl Fn(StatusCode) -> bool,
    ) -> Result<ApiResponse, ClientError> {
        let failed = |error: reqwest::Error| ClientError::from_transport(&self.server, &error);
        let (http, request) = request.build_split();
        let request = request.map_err(failed)?;
        let description = format!("{} {}", request.method(), request.url());
        let response = http.execute(request).await.map_err(failed)?;
        let status = response.status();
        let location = response
            .headers()
            .get(LOCATION)
            .and_then(|location| location.to_str().ok())
            .map(ToOwned::to_owned);
        let text = response.text().await.map_err(failed)?;
        match (status, location) {
            (status, _) if is_success(status) => Ok(ApiResponse { request: description, text }),
            (status, Some(to)) if status.is_redirection() => Err(ClientError::Moved { status, to }),
            (status, _) => Err(ClientError::from_response(status, &text)),
        }
    }
}

impl Download {
    /// The next piece of the file; `None` at its end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        self.response.chunk().await.map_err(|error| ClientError::from_transport(&self.server, &error))
    }
}

/// Marked as sensitive, so that debug output of requests does not show it.
fn bearer(token: &str) -> Result<HeaderValue, ClientError> {
    let mut value =
        HeaderValue::from_str(&format!("Bearer {}", token.trim())).map_err(|_| ClientError::InvalidToken)?;
    value.set_sensitive(true);
    Ok(value)
}

impl ApiResponse {
    /// Parses the body.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_str(&self.text).map_err(|error| ClientError::UnexpectedResponse {
            request: self.request.clone(),
            cause: error.to_string(),
        })
    }
}

/// Whether the error is a response with this status.
pub(super) fn has_status(error: &ClientError, status: StatusCode) -> bool {
    error.status() == Some(status)
}
