//! Protects against cross-site requests that change something.
//!
//! Any web page can make a browser send GETs that cancel and prune. Browsers send the origin of a request (Fetch Metadata,
//! `Sec-Fetch-Site`; older ones only `Origin`). Requests without it pass: those of programs, and those of browsers over plain HTTP
//! to another host than their own machine. There, HTTPS is needed.

use axum::http::{HeaderMap, header};

use crate::{ApiError, Base};

/// The web origins, beside the app's own, whose pages may change something.
#[derive(Clone, Debug, Default)]
pub struct AllowedOrigins(Vec<String>);

impl AllowedOrigins {
    /// Adds an origin: scheme, host and, unless it is the default, port, as in `https://maps.example.org`.
    pub fn allow(mut self, origin: impl AsRef<str>) -> Self {
        let origin = origin.as_ref().trim_end_matches('/').to_ascii_lowercase();
        self.0.push(origin);
        self
    }

    /// Refuses, with 403, the request of a page of another origin; `base` is the app's own address.
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
