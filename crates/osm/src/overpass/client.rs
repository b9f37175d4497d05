//! The HTTP client of an Overpass server.

use std::{error::Error as _, io::Read, time::Duration};

use reqwest::{
    Response, StatusCode,
    header::{
        ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION,
        RETRY_AFTER,
    },
    redirect,
};
use tokio::time::timeout;

use crate::compression::{Compression, Decompressor};

use super::{
    endpoint::Endpoint,
    query::Query,
    query_error::{QueryError, ResponseHead},
    response::QueryResponse,
    slots::Slots,
};

/// How many redirects are followed for one query.
const MAX_REDIRECTS: usize = 3;
/// How much of an error page or a status page is read.
const MAX_PAGE_BYTES: usize = 64 << 10;

/// How long to wait for a server.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the connection.
    pub connect: Duration,
    /// For the response and for each part of its body, in addition to the timeout of the query. Public servers need about
    /// ten seconds.
    pub grace: Duration,
    /// For an error page or the status page.
    pub page: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            grace: Duration::from_secs(60),
            page: Duration::from_secs(10),
        }
    }
}

/// The text cannot be sent as a `User-Agent`.
#[derive(Debug, thiserror::Error)]
#[error("'{}' cannot be sent as a User-Agent", .0.escape_debug())]
pub struct InvalidUserAgent(String);

/// Sends queries to one server.
#[derive(Clone, Debug)]
pub struct Client {
    endpoint: Endpoint,
    user_agent: HeaderValue,
    timeouts: Timeouts,
}

impl Client {
    /// A client that identifies itself as `user_agent`. It should name the project and a contact address:
    /// `name/1.0 (mail@example.org)`.
    ///
    /// # Errors
    /// If `user_agent` is not a valid header value.
    pub fn new(endpoint: Endpoint, user_agent: &str) -> Result<Self, InvalidUserAgent> {
        let header = HeaderValue::from_str(user_agent.trim()).ok().filter(|header| !header.is_empty());
        let user_agent = header.ok_or_else(|| InvalidUserAgent(user_agent.to_owned()))?;
        Ok(Self { endpoint, user_agent, timeouts: Timeouts::default() })
    }

    /// Replaces the timeouts.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// The address for queries.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a query once and waits until the response begins. [`RetryState`](super::RetryState) decides whether to send it
    /// again after an error.
    ///
    /// Must be called inside a Tokio runtime, on which a task receives the body of the response. Dropping the future closes
    /// the connection, and the server aborts the query.
    ///
    /// # Errors
    /// If the response has no data, or there is none.
    pub async fn send(&self, query: &Query) -> Result<QueryResponse, QueryError> {
        let wait = query.timeout().saturating_add(self.timeouts.grace);
        let response = timeout(wait, self.post(query)).await.map_err(|_| QueryError::Timeout(wait))??;
        let headers = response.headers();
        let (content_type, is_gzip) = (header(headers, CONTENT_TYPE).to_owned(), is_gzip(headers));
        let head = ResponseHead {
            status: response.status().as_u16(),
            content_type: &content_type,
            retry_after: header(headers, RETRY_AFTER).trim().parse().ok().map(Duration::from_secs),
        };
        if head.is_data() {
            return Ok(QueryResponse::new(response, is_gzip, wait));
        }
        let start = timeout(self.timeouts.page, first_bytes(response)).await.unwrap_or_default();
        Err(head.error(&decompressed(&start, is_gzip)))
    }

    /// How many queries the server would accept now; `None` if it does not tell.
    pub async fn slots(&self) -> Option<Slots> {
        let request = self.http_client().ok()?.get(self.endpoint.status_url()?).send();
        let reading = async {
            let response = request.await.ok().filter(|response| response.status() == StatusCode::OK)?;
            Some(first_bytes(response).await)
        };
        let page = timeout(self.timeouts.page, reading).await.ok()??;
        Some(Slots::from_status_text(&String::from_utf8_lossy(&page)))
    }

    async fn post(&self, query: &Query) -> Result<Response, QueryError> {
        let http = self.http_client()?;
        let form: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("data", query.text()).finish();
        let mut url = self.endpoint.url().clone();
        // reqwest would follow most redirects with a GET request without the query, and to any host.
        for _ in 0..=MAX_REDIRECTS {
            let request = http.post(url.clone()).body(form.clone());
            let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            let response = request.header(ACCEPT_ENCODING, "gzip").send().await.map_err(connection_error)?;
            if !response.status().is_redirection() {
                return Ok(response);
            }
            let location = header(response.headers(), LOCATION);
            url = Endpoint::redirected(&url, location).ok_or(QueryError::ForeignRedirect)?;
        }
        Err(QueryError::ForeignRedirect)
    }

    /// Made for each request, because requests are rare. So a machine without root certificates can start the server and
    /// fails only when it sends a query.
    fn http_client(&self) -> Result<reqwest::Client, QueryError> {
        // Only one crypto provider is compiled in. The call fails harmlessly if it is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .user_agent(self.user_agent.clone())
            .connect_timeout(self.timeouts.connect)
            .redirect(redirect::Policy::none());
        if self.endpoint.is_loopback() {
            http = http.no_proxy();
            if self.endpoint.url().scheme() == "http" {
                // Does not load root certificates, so that it works on a machine without any.
                http = http.tls_certs_only([]);
            }
        }
        http.build().map_err(connection_error)
    }
}

fn header(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn is_gzip(headers: &HeaderMap) -> bool {
    header(headers, CONTENT_ENCODING).trim().eq_ignore_ascii_case("gzip")
}

/// The error with the innermost cause as its message. The outer errors only repeat the address.
fn connection_error(error: reqwest::Error) -> QueryError {
    let error = error.without_url();
    let mut cause = error.to_string();
    let mut deeper = error.source();
    while let Some(error) = deeper {
        cause = error.to_string();
        deeper = error.source();
    }
    QueryError::Unreachable(cause)
}

async fn first_bytes(mut response: Response) -> Vec<u8> {
    let mut page = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await
        && page.len() < MAX_PAGE_BYTES
    {
        page.extend_from_slice(&chunk);
    }
    page.truncate(MAX_PAGE_BYTES);
    page
}

/// The decompressed page, as far as it can be decompressed.
fn decompressed(page: &[u8], is_gzip: bool) -> Vec<u8> {
    if !is_gzip {
        return page.to_vec();
    }
    let mut text = Vec::new();
    let _ = Decompressor::new(Compression::Gzip, page).take(MAX_PAGE_BYTES as u64).read_to_end(&mut text);
    text
}
