use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::http::{HeaderMap, header};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio_util::sync::CancellationToken;

use super::Token;

/// How long a session lasts.
pub(crate) const SESSION_LIFETIME: Duration = Duration::from_secs(8 * 60 * 60);
/// The most sessions at a time; beyond them the one that ends first is ended.
const MOST: usize = 10_000;

/// The browsers that have signed in. They are kept in memory: after a restart of the server they sign in again.
pub(crate) struct Sessions {
    cookie: String,
    /// By the hash of the cookie's value.
    open: Mutex<HashMap<[u8; 32], Arc<Session>>>,
}

/// A browser that has signed in with a token.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) token: Arc<Token>,
    /// What a request must repeat to change something.
    pub(crate) csrf: CsrfToken,
    expires: Timestamp,
    closed: CancellationToken,
}

/// A random text that only our own pages know, against requests that other sites make a browser send.
#[derive(Clone, Debug)]
pub(crate) struct CsrfToken(Arc<str>);

impl CsrfToken {
    /// # Errors
    /// If the operating system has no random numbers.
    pub(crate) fn new() -> anyhow::Result<Self> {
        random_text().map(|text| Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares in constant time.
    pub(crate) fn is(&self, sent: &str) -> bool {
        self.0.as_bytes().ct_eq(sent.as_bytes()).into()
    }
}

impl Sessions {
    /// The name of the cookie depends on the data folder, because browsers send cookies to all ports of a host.
    pub(crate) fn of(data: &Path) -> Self {
        let hash = Sha256::digest(data.as_os_str().as_encoded_bytes());
        let digits: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Self { cookie: format!("longhaul-{digits}"), open: Mutex::default() }
    }

    /// The name of the cookie.
    pub(crate) fn cookie_name(&self) -> &str {
        &self.cookie
    }

    /// Opens a session; the value of its cookie.
    ///
    /// # Errors
    /// If the operating system has no random numbers.
    pub(crate) fn open(&self, token: Arc<Token>) -> anyhow::Result<String> {
        let value = random_text()?;
        let now = Timestamp::now();
        let session = Session {
            token,
            csrf: CsrfToken::new()?,
            expires: now + SESSION_LIFETIME,
            closed: CancellationToken::new(),
        };
        let mut open = self.open.lock();
        if open.len() >= MOST {
            open.retain(|_, session| session.is_open(now));
        }
        if open.len() >= MOST
            && let Some(first) = open.iter().min_by_key(|(_, session)| session.expires).map(|(key, _)| *key)
            && let Some(session) = open.remove(&first)
        {
            session.closed.cancel();
        }
        open.insert(key(&value), Arc::new(session));
        Ok(value)
    }

    /// The session of a request's cookie, if it is open.
    pub(crate) fn find(&self, headers: &HeaderMap) -> Option<Arc<Session>> {
        let value = self.cookie_in(headers)?;
        let session = self.open.lock().get(&key(value)).cloned();
        session.filter(|session| session.is_open(Timestamp::now()))
    }

    /// Ends the session of a request's cookie, and its event streams.
    pub(crate) fn close(&self, headers: &HeaderMap) {
        let Some(value) = self.cookie_in(headers) else { return };
        if let Some(session) = self.open.lock().remove(&key(value)) {
            session.closed.cancel();
        }
    }

    /// The value of our cookie, whatever it is worth.
    pub(crate) fn cookie_in<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| name.trim() == self.cookie).map(|(_, value)| value.trim())
    }
}

impl Session {
    fn is_open(&self, now: Timestamp) -> bool {
        now < self.expires && !self.token.has_expired(now) && !self.token.is_revoked()
    }

    /// Completes when the session is over: signed out, too old, or its token is taken back.
    pub(crate) async fn ended(&self) {
        let left = Duration::try_from(self.expires.duration_since(Timestamp::now())).unwrap_or_default();
        tokio::select! {
            () = self.closed.cancelled() => {}
            () = tokio::time::sleep(left) => {}
            () = self.token.ended() => {}
        }
    }
}

fn key(value: &str) -> [u8; 32] {
    Sha256::digest(value).into()
}

fn random_text() -> anyhow::Result<String> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).context("asking the operating system for random numbers")?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Role, Secret};

    fn token(expires: Option<Timestamp>) -> Arc<Token> {
        let secret = Secret::new().unwrap();
        Arc::new(Token::new("jo", Role::Reader, vec![], &secret).unwrap().expiring(expires))
    }

    fn with_cookie(name: &str, value: &str) -> HeaderMap {
        let cookies = format!("other=1; {name}={value}; theme=dark");
        [(header::COOKIE, cookies.parse().unwrap())].into_iter().collect()
    }

    #[tokio::test]
    async fn a_session_is_found_by_its_cookie_until_it_is_closed() {
        let sessions = Sessions::of(Path::new("/srv/a"));
        let value = sessions.open(token(None)).unwrap();
        let headers = with_cookie(sessions.cookie_name(), &value);
        let session = sessions.find(&headers).unwrap();
        assert!(session.csrf.is(session.csrf.as_str()) && !session.csrf.is(""));
        assert!(sessions.find(&with_cookie(sessions.cookie_name(), "x")).is_none());
        assert!(sessions.find(&HeaderMap::new()).is_none());
        sessions.close(&headers);
        assert!(sessions.find(&headers).is_none());
        session.ended().await;
    }

    #[test]
    fn a_session_ends_with_its_token() {
        let sessions = Sessions::of(Path::new("/srv/a"));
        let revoked = token(None);
        let value = sessions.open(revoked.clone()).unwrap();
        let headers = with_cookie(sessions.cookie_name(), &value);
        assert!(sessions.find(&headers).is_some());
        revoked.revoke();
        assert!(sessions.find(&headers).is_none());
        let value = sessions.open(token(Some(Timestamp::UNIX_EPOCH))).unwrap();
        assert!(sessions.find(&with_cookie(sessions.cookie_name(), &value)).is_none());
    }

    #[test]
    fn servers_on_two_ports_of_a_host_have_cookies_of_two_names() {
        let name = |path: &str| Sessions::of(Path::new(path)).cookie_name().to_owned();
        assert_ne!(name("/srv/a"), name("/srv/b"));
        assert_eq!(name("/srv/a"), name("/srv/a"));
    }
}
