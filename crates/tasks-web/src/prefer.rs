//! What a client would like, beyond what it asks for (RFC 7240, `Prefer`).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

use crate::ApiError;

/// The longest that a request may wait for a change, or for an end.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What the headers of a request say that is heeded here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    /// `respond-async`: a new task should be answered with the manners of `202 Accepted`.
    pub(crate) respond_async: bool,
    /// `wait=SECONDS`; never more than [`LONGEST_WAIT`].
    pub(crate) wait: Option<Duration>,
}

impl Preferences {
    /// One that cannot be read is ignored, as preferences are.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut all = Self::default();
        for preference in preferences(headers) {
            match preference.split_once('=') {
                None => all.respond_async |= preference.eq_ignore_ascii_case("respond-async"),
                Some((name, value)) if name.trim().eq_ignore_ascii_case("wait") => {
                    // The first counts (RFC 7240, 2).
                    all.wait = all.wait.or_else(|| seconds(value.trim().trim_matches('"')));
                }
                Some(_) => {}
            }
        }
        all
    }
}

/// How long the request should wait for a change: the query's `wait=SECONDS`, but never more than [`LONGEST_WAIT`]; else what
/// the sender prefers.
///
/// # Errors
/// 400 if the query's is no number.
pub(crate) fn wait(query: Option<&str>, preferred: Option<Duration>) -> Result<Option<Wait>, ApiError> {
    if let Some(text) = query.and_then(|query| parameter(query, "wait")) {
        let seconds = seconds(&text)
            .ok_or_else(|| ApiError::bad_request("wait must be a number of seconds, such as 30."))?;
        return Ok(Some(Wait { time: seconds, is_preference: false }));
    }
    Ok(preferred.map(|time| Wait { time, is_preference: true }))
}

/// How long to wait, and who said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) time: Duration,
    is_preference: bool,
}

impl Wait {
    /// What `Preference-Applied` should say.
    pub(crate) fn applied(self) -> Option<HeaderValue> {
        applied(false, self.is_preference.then_some(self.time))
    }
}

/// `Preference-Applied`: which of these two were, if any.
pub(crate) fn applied(respond_async: bool, wait: Option<Duration>) -> Option<HeaderValue> {
    match (respond_async, wait.map(|time| time.as_secs())) {
        (false, None) => None,
        (true, None) => Some(HeaderValue::from_static("respond-async")),
        (false, Some(seconds)) => HeaderValue::from_str(&format!("wait={seconds}")).ok(),
        (true, Some(seconds)) => HeaderValue::from_str(&format!("respond-async, wait={seconds}")).ok(),
    }
}

fn parameter(query: &str, name: &str) -> Option<String> {
    if !query.contains(name) {
        return None;
    }
    let found = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

fn seconds(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than a number can hold is still a number: a long time.
    is_number.then(|| Duration::from_secs(text.parse().unwrap_or(u64::MAX)).min(LONGEST_WAIT))
}

/// Each preference without its parameters.
fn preferences(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(|preference| preference.split(';').next().unwrap_or_default().trim())
}

const PREFER: header::HeaderName = header::HeaderName::from_static("prefer");

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(prefer: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(PREFER, HeaderValue::from_static(prefer))])
    }

    fn waited(query: &str, prefer: &'static str) -> Option<u64> {
        let wait = wait(Some(query), Preferences::of(&headers(prefer)).wait).expect("a wait");
        wait.map(|wait| wait.time.as_secs())
    }

    #[test]
    fn the_query_says_how_long_to_wait_and_else_the_preference() {
        assert_eq!(waited("", ""), None);
        assert_eq!(waited("wait=5", "wait=7"), Some(5));
        assert_eq!(waited("x=wait", "respond-async, WAIT = 7; q=1"), Some(7));
        assert_eq!(waited("", "wait=\"7\""), Some(7));
        assert_eq!(waited("", "wait=7, wait=8"), Some(7));
        assert_eq!(waited("wait=0", ""), Some(0));
    }

    #[test]
    fn nobody_waits_longer_than_a_minute() {
        assert_eq!(waited("wait=61", ""), Some(60));
        assert_eq!(waited("wait=99999999999999999999999", ""), Some(60));
        assert_eq!(waited("", "wait=3600"), Some(60));
    }

    #[test]
    fn a_wait_that_is_no_number_is_an_error_and_such_a_preference_none() {
        for bad in ["wait=", "wait=-1", "wait=1.5", "wait=soon", "wait=+1"] {
            assert!(wait(Some(bad), None).is_err(), "{bad}");
        }
        assert_eq!(waited("", "wait=soon"), None);
        assert_eq!(waited("", "wait"), None);
    }

    #[test]
    fn a_preference_is_known_among_others_in_any_letter_case() {
        let asks_for_async = |prefer| Preferences::of(&headers(prefer)).respond_async;
        assert!(asks_for_async("return=minimal, Respond-Async;x=y"));
        assert!(!asks_for_async("respond-async-never"));
        assert!(asks_for_async("wait=1, respond-async"));
    }
}
