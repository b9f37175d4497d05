use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use longhaul_tasks_web::ApiError;

use super::{Caller, Tokens, credentials::Credentials, failures::Failures};

/// Lets those in who show a token.
pub(crate) struct Guard {
    tokens: Arc<Tokens>,
    failures: Failures,
    trust_proxy: bool,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// No token was shown.
    NoToken,
    /// What was shown is no token that counts.
    WrongToken,
    /// Too many wrong ones were shown.
    TooMany { wait: Duration },
}

impl Guard {
    /// With `trust_proxy` the proxy says who is behind it.
    pub(crate) fn new(tokens: Arc<Tokens>, trust_proxy: bool) -> Self {
        Self { tokens, failures: Failures::default(), trust_proxy }
    }

    /// Who the sender of a request is; `peer` is who has made the connection.
    pub(crate) fn admit(&self, headers: &HeaderMap, peer: IpAddr) -> Result<Caller, Denied> {
        let now = Instant::now();
        let secret = match Credentials::of(headers) {
            Credentials::None => return Err(Denied::NoToken),
            Credentials::Unreadable => None,
            Credentials::Secret(secret) => Some(secret),
        };
        let address = self.address(headers, peer);
        if let Some(wait) = self.failures.wait(address, now) {
            return Err(Denied::TooMany { wait });
        }
        match secret.and_then(|secret| self.tokens.find(&secret)) {
            Some(token) => Ok(Caller::bearer(token)),
            None => {
                self.failures.count(address, now);
                tracing::info!(%address, "a wrong token was shown");
                Err(Denied::WrongToken)
            }
        }
    }

    /// The last entry is the proxy's own word; those before it are anybody's.
    fn address(&self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        if !self.trust_proxy {
            return peer;
        }
        let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
        let last = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        last.unwrap_or(peer)
    }
}

impl Denied {
    /// What the sender is told.
    pub(crate) fn error(self) -> ApiError {
        match self {
            Self::NoToken => ApiError::new(StatusCode::UNAUTHORIZED, "This server asks for a token."),
            Self::WrongToken => ApiError::new(StatusCode::UNAUTHORIZED, "The token does not count here."),
            Self::TooMany { .. } => ApiError::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many wrong tokens came from this address; please try again later.",
            ),
        }
    }

    /// What stands in the answer's head.
    pub(crate) fn add_headers(self, headers: &mut HeaderMap) {
        match self {
            Self::NoToken | Self::WrongToken => {
                for scheme in ["Bearer realm=\"Longhaul\"", "Basic realm=\"Longhaul\", charset=\"UTF-8\""] {
                    headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
                }
            }
            Self::TooMany { wait } => {
                headers.insert(header::RETRY_AFTER, (wait.as_millis().div_ceil(1000) as u64).max(1).into());
            }
        }
    }
}
