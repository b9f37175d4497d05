//! The address of an Overpass server.

use std::{fmt, net::IpAddr, str::FromStr};

use reqwest::Url;

/// The URL that accepts the queries of an Overpass server, such as `https://overpass-api.de/api/interpreter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

/// The text is not an HTTP URL, or has parts that an endpoint must not have.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no address of an Overpass server, such as https://overpass-api.de/api/interpreter")]
pub struct InvalidEndpoint(String);

impl Endpoint {
    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    /// The URL of the status page, which stands beside the endpoint.
    pub(super) fn status_url(&self) -> Option<Url> {
        self.0.join("status").ok()
    }

    /// The target of a redirect; `None` if it must not be followed. Only redirects to the same host are followed, and none
    /// from HTTPS to HTTP.
    pub(super) fn redirected(from: &Url, location: &str) -> Option<Url> {
        let to = from.join(location).ok()?;
        let same_origin =
            to.scheme() == from.scheme() && to.port_or_known_default() == from.port_or_known_default();
        let gains_tls = (from.scheme(), to.scheme()) == ("http", "https")
            && (from.port_or_known_default(), to.port_or_known_default()) == (Some(80), Some(443));
        (to.host() == from.host() && (same_origin || gains_tls)).then_some(to)
    }

    /// Whether the server is on this machine. If so, no proxy is used.
    pub(super) fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        // User name and password would be visible in the progress of tasks.
        let is_plain = |url: &Url| {
            url.has_host()
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        };
        url.filter(is_plain).map(Self).ok_or_else(|| InvalidEndpoint(text.to_owned()))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_http_url_without_credentials() {
        let endpoint: Endpoint = "https://overpass-api.de/api/interpreter".parse().unwrap();
        assert_eq!(endpoint.to_string(), "https://overpass-api.de/api/interpreter");
        assert_eq!(endpoint.status_url().unwrap().as_str(), "https://overpass-api.de/api/status");
        for bad in [
            "",
            "overpass-api.de",
            "file:///etc/passwd",
            "http://u:p@h/api",
            "http://h/?data=x",
            "http://h/#x",
        ] {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_redirect_is_followed_on_the_same_host_only() {
        let leads = |from: &str, to: &str| {
            Endpoint::redirected(&from.parse().unwrap(), to).map(|url| url.to_string())
        };
        assert_eq!(leads("http://h/api/x", "/y").as_deref(), Some("http://h/y"));
        assert_eq!(leads("http://h/api/x", "https://h/api/x").as_deref(), Some("https://h/api/x"));
        for (from, to) in [
            ("http://h/x", "http://other/x"),
            ("http://h/x", "//other/x"),
            ("http://h/x", "http://h:8080/x"),
            ("http://h:8080/x", "https://h/x"),
            ("https://h/x", "http://h/x"),
            ("http://h/x", "file:///etc/passwd"),
            ("http://h/x", "http://h.evil.example/x"),
        ] {
            assert_eq!(leads(from, to), None, "{from} to {to}");
        }
    }
}
