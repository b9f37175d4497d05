//! Keeps other people's web pages from changing things in their readers' name.
//!
//! A page anywhere may make a browser send our GETs that cancel and prune. Browsers say where a request comes from
//! (Fetch Metadata, `Sec-Fetch-Site`; before that only `Origin`); programs do not, and are let through. So is a browser that
//! asks over plain HTTP for another host than its own machine: it says nothing either. Use HTTPS there.

use axum::http::{HeaderMap, header};

use crate::{ApiError, Base};

/// The web origins whose pages may change something, beside our own.
#[derive(Clone, Debug, Default)]
pub struct AllowedOrigins(Vec<String>);

impl AllowedOrigins {
    /// Adds an origin: scheme, host and, unless it is the scheme's own, port: `https://maps.example.org`.
    pub fn allow(mut self, origin: impl AsRef<str>) -> Self {
        let origin = origin.as_ref().trim_end_matches('/').to_ascii_lowercase();
        self.0.push(origin);
        self
    }

    /// Refuses, with 403, a request that a page of a foreign origin made; `base` is our own address.
    pub fn admit(&self, headers: &HeaderMap, base: &Base) -> Result<(), ApiError> {
        let origin = headers.get(header::ORIGIN).map(|value| value.to_str().unwrap_or("null"));
        let is_ours = match headers.get("sec-fetch-site").map(|site| site.as_bytes()) {
            Some(site) => matches!(site, b"same-origin" | b"none"),
            None => origin.is_none_or(|origin| base.is_of(origin)),
        };
        if is_ours || origin.is_some_and(|origin| self.contains(origin)) {
            Ok(())
        } else {
            Err(ApiError::forbidden("A page of another origin may not change anything here."))
        }
    }

    fn contains(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }
}
