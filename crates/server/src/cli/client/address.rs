use std::{fmt, str::FromStr};

use reqwest::Url;

/// The address of a server: scheme, host, port, and the path prefix under which a proxy serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress(Url);

/// The text is not an address.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not the address of a server, such as http://127.0.0.1:8182")]
pub struct InvalidAddress(String);

impl ServerAddress {
    /// The URL of a path, given as segments. A segment may contain any character.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Whether the server is on this machine, so that no proxy is used.
    pub(super) fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Whether the connection is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl FromStr for ServerAddress {
    type Err = InvalidAddress;

    /// Reads `http://127.0.0.1:8182`, `https://maps.example.org/longhaul`, or `maps.example.org:8182`.
    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&whole).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let is_base = |url: &Url| url.has_host() && url.query().is_none() && url.fragment().is_none();
        url.filter(is_base).map(Self).ok_or_else(|| InvalidAddress(text.to_owned()))
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> ServerAddress {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_may_omit_the_scheme_and_contain_a_path() {
        let tasks = |text: &str| address(text).url(&["tasks", "3.json"]).to_string();
        assert_eq!(tasks("http://127.0.0.1:8182"), "http://127.0.0.1:8182/tasks/3.json");
        assert_eq!(tasks("127.0.0.1:8182/"), "http://127.0.0.1:8182/tasks/3.json");
        assert_eq!(tasks("https://maps.example.org/l/"), "https://maps.example.org/l/tasks/3.json");
        assert_eq!(address("https://maps.example.org/l/").to_string(), "https://maps.example.org/l");
    }

    #[test]
    fn a_segment_is_percent_encoded() {
        let url = address("h").url(&["repos", "a/../b?c", "init.json"]);
        assert_eq!(url.as_str(), "http://h/repos/a%2F..%2Fb%3Fc/init.json");
    }

    #[test]
    fn an_invalid_address_is_refused() {
        for bad in ["", "ftp://x", "http://", "http://x/?a=b", "http://x/#y", "a b"] {
            assert!(bad.parse::<ServerAddress>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn loopback_addresses_are_recognized() {
        for local in ["localhost:1", "127.0.0.1", "127.9.9.9:80", "http://[::1]:8182"] {
            assert!(address(local).is_loopback(), "{local}");
        }
        assert!(!address("maps.example.org").is_loopback());
    }
}
