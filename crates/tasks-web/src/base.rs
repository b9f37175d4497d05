//! The address that every link begins with.

use std::sync::Arc;

use axum::{
    extract::OriginalUri,
    http::{Extensions, HeaderMap, HeaderName, Uri, header},
};

/// Scheme, host, port and, if the app is not at the root, the path before ours: `http://localhost:8182`.
///
/// Its host and port are validated, whatever the request's headers contain. If they name no valid host the base is empty, and
/// links are relative to the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base(Arc<str>);

impl Base {
    /// The address as text, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an `Origin` header names this address: its scheme, host and port, and nothing else.
    pub(crate) fn is_of(&self, origin: &str) -> bool {
        let Some((scheme, rest)) = self.0.split_once("://") else { return false };
        let host = rest.split('/').next().unwrap_or_default();
        origin.split_once("://") == Some((scheme, host))
    }
}

/// The address under which clients reach the app.
#[derive(Clone, Debug, Default)]
pub struct PublicAddress {
    configured: Option<Base>,
    trust_proxy: bool,
}

impl PublicAddress {
    /// Links begin with the address that the request was sent to.
    pub fn of_request() -> Self {
        Self::default()
    }

    /// Links begin with `url`, with or without a slash at its end.
    pub fn fixed(url: impl Into<String>) -> Self {
        let url = url.into();
        let base = Base(url.trim_end_matches('/').into());
        Self { configured: Some(base), trust_proxy: false }
    }

    /// Whether `X-Forwarded-Proto`, `X-Forwarded-Host` and `X-Forwarded-Prefix`, the path below which the proxy serves the app,
    /// count. Only for apps that can be reached through a proxy alone, which sets them.
    pub fn trust_proxy(mut self, trust: bool) -> Self {
        self.trust_proxy = trust;
        self
    }

    /// The base of the links in the response to a request.
    pub fn base(&self, uri: &Uri, headers: &HeaderMap, extensions: &Extensions) -> Base {
        match &self.configured {
            Some(base) => base.clone(),
            None => self.base_of_request(uri, headers, extensions),
        }
    }

    fn base_of_request(&self, uri: &Uri, headers: &HeaderMap, extensions: &Extensions) -> Base {
        let scheme = self.scheme(uri, headers);
        let Some(host) = self.host(uri, headers).filter(|host| is_host(host)) else {
            return Base::default();
        };
        let host = without_default_port(scheme, host);
        let (prefix, mount) = (self.prefix(headers), mounted_at(uri, extensions));
        let mut base = String::with_capacity(scheme.len() + 3 + host.len() + prefix.len() + mount.len());
        for piece in [scheme, "://", host, prefix, mount] {
            base.push_str(piece);
        }
        Base(base.into())
    }

    /// The path that the proxy takes off each request; empty if it takes none off, or says so in a way that no link could have.
    fn prefix<'a>(&self, headers: &'a HeaderMap) -> &'a str {
        let prefix = self.forwarded(headers, "x-forwarded-prefix").unwrap_or_default().trim_end_matches('/');
        let is_path = prefix.starts_with('/') && !prefix.starts_with("//") && is_plain_path(prefix);
        if is_path { prefix } else { "" }
    }

    fn scheme(&self, uri: &Uri, headers: &HeaderMap) -> &'static str {
        let forwarded = self.forwarded(headers, "x-forwarded-proto");
        match forwarded.or(uri.scheme_str()) {
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => "https",
            _ => "http",
        }
    }

    fn host<'a>(&self, uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
        self.forwarded(headers, "x-forwarded-host")
            .or_else(|| uri.authority().map(|authority| authority.as_str()))
            .or_else(|| headers.get(header::HOST)?.to_str().ok())
    }

    /// The value of the first proxy, if proxies are trusted.
    fn forwarded<'a>(&self, headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
        if !self.trust_proxy {
            return None;
        }
        let value = headers.get(HeaderName::from_static(name))?.to_str().ok()?;
        value.split(',').next().map(str::trim).filter(|first| !first.is_empty())
    }
}

/// Whether the text is a host name, an IPv4 address or a bracketed IPv6 one, with or without a port.
fn is_host(text: &str) -> bool {
    let (name, rest) = match text.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((address, rest)) => {
            let is_address = address.parse::<std::net::Ipv6Addr>().is_ok();
            (if is_address { "ipv6" } else { "" }, rest)
        }
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let port_is_well = match rest.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok() && port.bytes().all(|byte| byte.is_ascii_digit()),
        None => rest.is_empty(),
    };
    !name.is_empty() && name.len() <= 255 && name.bytes().all(plain) && port_is_well
}

fn without_default_port<'a>(scheme: &str, host: &'a str) -> &'a str {
    let port = if scheme == "https" { ":443" } else { ":80" };
    host.strip_suffix(port).unwrap_or(host)
}

/// The path under which the routes are nested.
fn mounted_at<'a>(uri: &Uri, extensions: &'a Extensions) -> &'a str {
    let Some(OriginalUri(original)) = extensions.get() else {
        return "";
    };
    let prefix = original.path().strip_suffix(uri.path()).unwrap_or_default();
    if is_plain_path(prefix) { prefix } else { "" }
}

/// Whether the text can be part of a link in any document as it is.
fn is_plain_path(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.-_~%".contains(&byte))
}
