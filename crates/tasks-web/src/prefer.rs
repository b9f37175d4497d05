//! The header `Prefer` (RFC 7240), and how long a request waits.

use std::{borrow::Cow, time::Duration};

use axum::http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;

/// The longest that a request may wait for a change, or for an end.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(60);

/// The preferences that are applied here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    /// `respond-async`: the response about a new task should be `202 Accepted`.
    pub(crate) respond_async: bool,
    /// `wait=SECONDS`; never more than [`MAX_WAIT`].
    pub(crate) wait: Option<Duration>,
}

impl Preferences {
    /// A preference that cannot be parsed is ignored.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut all = Self::default();
        for preference in preferences(headers) {
            match preference.split_once('=') {
                None => all.respond_async |= preference.eq_ignore_ascii_case("respond-async"),
                Some((name, value)) if name.trim().eq_ignore_ascii_case("wait") => {
                    // Of several the first counts (RFC 7240, 2).
                    all.wait = all.wait.or_else(|| seconds(value.trim().trim_matches('"')));
                }
                Some(_) => {}
            }
        }
        all
    }
}

/// The parameter `wait`, in seconds; never more than [`MAX_WAIT`].
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Cow<str>")]
pub(crate) struct WaitSeconds(Duration);

impl TryFrom<Cow<'_, str>> for WaitSeconds {
    type Error = &'static str;

    fn try_from(value: Cow<'_, str>) -> Result<Self, Self::Error> {
        seconds(&value).map(Self).ok_or("must be a number of seconds, such as 30.")
    }
}

/// How long to wait for a change, and where that was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) time: Duration,
    is_preference: bool,
}

impl Wait {
    /// As the parameter says, else as the client prefers; `None`: not at all.
    pub(crate) fn of(parameter: Option<WaitSeconds>, preferred: Option<Duration>) -> Option<Self> {
        match parameter {
            Some(WaitSeconds(time)) => Some(Self { time, is_preference: false }),
            None => preferred.map(|time| Self { time, is_preference: true }),
        }
    }

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

fn seconds(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A number that does not fit is a long time, too.
    is_number.then(|| Duration::from_secs(text.parse().unwrap_or(u64::MAX)).min(MAX_WAIT))
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

    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Params {
        wait: Option<WaitSeconds>,
    }

    fn params(query: &str) -> Result<Params, crate::ApiError> {
        crate::params::from_pairs(form_urlencoded::parse(query.as_bytes()))
    }

    fn waited(query: &str, prefer: &'static str) -> Option<u64> {
        let params = params(query).expect("a wait");
        let wait = Wait::of(params.wait, Preferences::of(&headers(prefer)).wait);
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
            let error = params(bad).err().expect("an error");
            assert_eq!(error.message, "wait must be a number of seconds, such as 30.", "{bad}");
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
