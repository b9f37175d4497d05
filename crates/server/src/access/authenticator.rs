use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use longhaul_tasks_web::ApiError;

use super::{Caller, Session, Sessions, Tokens, credentials::Credentials, rate_limit::RateLimit};

/// Finds the caller of a request by its token, or by the cookie of its session.
pub(crate) struct Authenticator {
    tokens: Arc<Tokens>,
    sessions: Sessions,
    rate_limit: RateLimit,
    trust_proxy: bool,
    wrong: AtomicU64,
}

/// Why a request is not authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthError {
    /// The request has no token.
    NoToken,
    /// The request has no token, and its session is over.
    SessionEnded,
    /// The token is unknown.
    WrongToken,
    /// The address has sent too many wrong tokens.
    TooMany { wait: Duration },
}

impl Authenticator {
    /// With `trust_proxy`, the client address comes from the header `X-Forwarded-For`.
    pub(crate) fn new(tokens: Arc<Tokens>, sessions: Sessions, trust_proxy: bool) -> Self {
        Self { tokens, sessions, rate_limit: RateLimit::default(), trust_proxy, wrong: AtomicU64::new(0) }
    }

    /// How many requests have come with a wrong token since the server started.
    pub(crate) fn wrong_tokens(&self) -> u64 {
        self.wrong.load(Relaxed)
    }

    /// The browsers that have signed in.
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Opens a session for the sender of a request that has sent this secret; the value of its cookie.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate), or if the operating system has no random numbers.
    pub(crate) fn sign_in(
        &self,
        secret: &str,
        headers: &HeaderMap,
        peer: IpAddr,
    ) -> Result<anyhow::Result<String>, AuthError> {
        let address = || client_address(headers, peer, self.trust_proxy);
        let token = self.tokens.find(secret).ok_or_else(|| self.wrong_token(address(), Instant::now()))?;
        Ok(self.sessions.open(token))
    }

    /// Finds the caller of a request; `peer` is the address of the connection. Without a token, the session of its cookie counts.
    ///
    /// A valid token is never refused because of wrong ones: 256 random bits cannot be guessed.
    pub(crate) fn authenticate(&self, headers: &HeaderMap, peer: IpAddr) -> Result<Caller, AuthError> {
        let now = Instant::now();
        let secret = match Credentials::of(headers) {
            Credentials::None => return self.session(headers).map(Caller::signed_in),
            Credentials::Malformed => None,
            Credentials::Secret(secret) => Some(secret),
        };
        match secret.and_then(|secret| self.tokens.find(&secret)) {
            Some(token) => Ok(Caller::WithToken(token)),
            None => Err(self.wrong_token(client_address(headers, peer, self.trust_proxy), now)),
        }
    }

    fn session(&self, headers: &HeaderMap) -> Result<Arc<Session>, AuthError> {
        let ended = match self.sessions.cookie_in(headers) {
            Some(_) => AuthError::SessionEnded,
            None => AuthError::NoToken,
        };
        self.sessions.find(headers).ok_or(ended)
    }

    /// Counts and logs the wrong token. Of an address that sends many only some are logged, and the others are told to wait.
    fn wrong_token(&self, address: IpAddr, now: Instant) -> AuthError {
        self.wrong.fetch_add(1, Relaxed);
        if let Some(wait) = self.rate_limit.wait(address, now) {
            return AuthError::TooMany { wait };
        }
        self.rate_limit.record_failure(address, now);
        tracing::info!(%address, "request with a wrong token");
        AuthError::WrongToken
    }
}

/// The address of the client; `peer` is that of the connection. A trusted proxy appends it as the last entry of `X-Forwarded-For`;
/// the client can forge those before it.
pub(crate) fn client_address(headers: &HeaderMap, peer: IpAddr, trust_proxy: bool) -> IpAddr {
    if !trust_proxy {
        return peer;
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
    let last = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    last.unwrap_or(peer)
}

impl AuthError {
    /// The error response.
    pub(crate) fn error(self) -> ApiError {
        match self {
            Self::NoToken => ApiError::new(StatusCode::UNAUTHORIZED, "This server asks for a token."),
            Self::SessionEnded => {
                ApiError::new(StatusCode::UNAUTHORIZED, "The session is over; please sign in again.")
            }
            Self::WrongToken => ApiError::new(StatusCode::UNAUTHORIZED, "The token does not count here."),
            Self::TooMany { .. } => ApiError::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many wrong tokens came from this address; please try again later.",
            ),
        }
    }

    /// Adds `WWW-Authenticate` or `Retry-After`.
    pub(crate) fn add_headers(self, headers: &mut HeaderMap) {
        match self {
            Self::NoToken | Self::WrongToken => {
                for scheme in ["Bearer realm=\"Longhaul\"", "Basic realm=\"Longhaul\", charset=\"UTF-8\""] {
                    headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
                }
            }
            // Without `Basic`: a browser would open a window of its own for the request of a script.
            Self::SessionEnded => {
                let challenge = HeaderValue::from_static("Bearer realm=\"Longhaul\"");
                headers.append(header::WWW_AUTHENTICATE, challenge);
            }
            Self::TooMany { wait } => {
                headers.insert(header::RETRY_AFTER, (wait.as_millis().div_ceil(1000) as u64).max(1).into());
            }
        }
    }
}
