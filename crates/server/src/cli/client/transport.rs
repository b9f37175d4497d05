use std::time::Duration;

use reqwest::{
    Method, RequestBuilder, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION},
    redirect,
};
use serde::de::DeserializeOwned;

use super::{ClientError, ServerAddress};

/// A connection to one server.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    server: ServerAddress,
}

/// What the server answered, having done what it was asked for.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The request, in words.
    asked: String,
    /// The body.
    pub text: String,
}

/// What a question may take that moves no files.
const QUICK: Duration = Duration::from_secs(60);

impl Client {
    /// Gets ready to speak to a server; connects with the first request.
    ///
    /// # Errors
    /// If the address asks for encryption, and this machine trusts nobody; or the token has characters that none has.
    pub fn new(server: ServerAddress, token: Option<&str>) -> Result<Self, ClientError> {
        // Of the ways to encrypt that are compiled in there is one; a second client finds it chosen already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A redirect would turn an upload into a question.
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
            // Reads no certificates, so that it works on a machine which has none.
            http = http.tls_certs_only([]);
        }
        let http = http.build().map_err(|error| ClientError::of_building(&server, &error))?;
        Ok(Self { http, server })
    }

    /// The server that it speaks to.
    pub fn server(&self) -> &ServerAddress {
        &self.server
    }

    /// Asks for what is at the path.
    pub async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, ClientError> {
        self.send(self.request(Method::GET, path, query).timeout(QUICK)).await
    }

    /// Puts a thing at the path that the server can make without more being said.
    pub async fn put(&self, path: &[&str]) -> Result<Answer, ClientError> {
        self.send(self.request(Method::PUT, path, &[]).timeout(QUICK)).await
    }

    pub(super) fn request(&self, method: Method, path: &[&str], query: &[(&str, &str)]) -> RequestBuilder {
        let mut url = self.server.of(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.http.request(method, url)
    }

    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Answer, ClientError> {
        let failed = |error: reqwest::Error| ClientError::of_transport(&self.server, &error);
        let (http, request) = request.build_split();
        let request = request.map_err(failed)?;
        let asked = format!("{} {}", request.method(), request.url());
        let response = http.execute(request).await.map_err(failed)?;
        let status = response.status();
        let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(ToOwned::to_owned);
        let text = response.text().await.map_err(failed)?;
        match (status, to) {
            (status, _) if status.is_success() => Ok(Answer { asked, text }),
            (status, Some(to)) if status.is_redirection() => Err(ClientError::Moved { status, to }),
            (status, _) => Err(ClientError::of_answer(status, &text)),
        }
    }
}

/// Never shown where a request is.
fn bearer(token: &str) -> Result<HeaderValue, ClientError> {
    let mut value =
        HeaderValue::from_str(&format!("Bearer {}", token.trim())).map_err(|_| ClientError::NoToken)?;
    value.set_sensitive(true);
    Ok(value)
}

impl Answer {
    /// The body as what it should be.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_str(&self.text)
            .map_err(|error| ClientError::Foreign { asked: self.asked.clone(), cause: error.to_string() })
    }
}

/// Whether the error is the server's answer of this status.
pub(super) fn answered(error: &ClientError, status: StatusCode) -> bool {
    error.status() == Some(status)
}
