//! Asks over HTTP.

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

use super::{Endpoint, Query, QueryError, QueryResponse, Slots, query_error::ResponseHead};

/// Redirects that are followed one after the other.
const MAX_REDIRECTS: usize = 3;
/// How much of a page that is no data is read, in bytes.
const MAX_PAGE_BYTES: usize = 64 << 10;

/// How long a server may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// To take a connection.
    pub connect: Duration,
    /// To answer, and to say the next thing, beyond the time that the query itself grants. Servers of the real world
    /// need some ten seconds.
    pub grace: Duration,
    /// To say what is wrong, or how it is.
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

/// Asks one server.
#[derive(Clone, Debug)]
pub struct Client {
    endpoint: Endpoint,
    user_agent: HeaderValue,
    timeouts: Timeouts,
}

impl Client {
    /// Gets ready to ask as `user_agent`, which should name a project and how to reach somebody: `name/1.0 (mail@example.org)`.
    ///
    /// # Errors
    /// If no header can hold that.
    pub fn new(endpoint: Endpoint, user_agent: &str) -> Result<Self, InvalidUserAgent> {
        let header = HeaderValue::from_str(user_agent.trim()).ok().filter(|header| !header.is_empty());
        let user_agent = header.ok_or_else(|| InvalidUserAgent(user_agent.to_owned()))?;
        Ok(Self { endpoint, user_agent, timeouts: Timeouts::default() })
    }

    /// With other timeouts.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Whom it asks.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a query and waits until data comes. Asks once: what to do about a error is for
    /// [`RetryState`](super::RetryState) to say.
    ///
    /// Must be awaited inside of a Tokio runtime, which goes on to take in what the answer holds. Dropping the future
    /// closes the connection, and the server stops working at the query.
    pub async fn send(&self, query: &Query) -> Result<QueryResponse, QueryError> {
        let patience = query.timeout().saturating_add(self.timeouts.grace);
        let response =
            timeout(patience, self.post(query)).await.map_err(|_| QueryError::Timeout(patience))??;
        let headers = response.headers();
        let (content_type, is_gzip) = (header(headers, CONTENT_TYPE).to_owned(), is_gzip(headers));
        let head = ResponseHead {
            status: response.status().as_u16(),
            content_type: &content_type,
            retry_after: header(headers, RETRY_AFTER).trim().parse().ok().map(Duration::from_secs),
        };
        if head.is_data() {
            return Ok(QueryResponse::new(response, is_gzip, patience));
        }
        let start = timeout(self.timeouts.page, first_bytes(response)).await.unwrap_or_default();
        Err(head.error(&decompressed(&start, is_gzip)))
    }

    /// How many queries the server would take; `None` if it does not say.
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
        // Not left to the library: that would make a GET without a query of most redirects, and go anywhere.
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

    /// Made for each question: they are rare, and a machine that trusts nobody finds out when it asks, not when the
    /// server starts.
    fn http_client(&self) -> Result<reqwest::Client, QueryError> {
        // Of the ways to encrypt that are compiled in there is one; a second client finds it chosen already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .user_agent(self.user_agent.clone())
            .connect_timeout(self.timeouts.connect)
            .redirect(redirect::Policy::none());
        if self.endpoint.is_loopback() {
            http = http.no_proxy();
            if self.endpoint.url().scheme() == "http" {
                // Reads no certificates, so that it works on a machine which has none.
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

/// The innermost cause: the others repeat the address, or say that there was an error.
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

/// As much of the page as can be decompressed.
fn decompressed(page: &[u8], is_gzip: bool) -> Vec<u8> {
    if !is_gzip {
        return page.to_vec();
    }
    let mut text = Vec::new();
    let _ = Decompressor::new(Compression::Gzip, page).take(MAX_PAGE_BYTES as u64).read_to_end(&mut text);
    text
}
