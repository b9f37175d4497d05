//! Addresses of web pages and servers among the settings.

use axum::http::Uri;

/// The value of `--public-url`.
pub(super) fn public_url(text: &str) -> anyhow::Result<Uri> {
    let url = text.parse::<Uri>().ok().filter(is_web_address).filter(|url| url.query().is_none());
    url.ok_or_else(|| {
        anyhow::anyhow!("--public-url '{text}' is not an address such as https://maps.example.org/longhaul")
    })
}

/// The value of `--allow-origin`, in the form in which browsers send the header `Origin`.
pub(super) fn origin(text: &str) -> anyhow::Result<String> {
    let text = text.trim_end_matches('/');
    let origin = text.parse::<Uri>().ok().filter(is_web_address).filter(|uri| uri.path() == "/");
    match origin {
        Some(uri) => Ok(canonical_origin(&uri, text)),
        None => anyhow::bail!("--allow-origin '{text}' is not an origin such as https://maps.example.org"),
    }
}

/// Lower case, without the default port of the scheme.
fn canonical_origin(origin: &Uri, text: &str) -> String {
    let text = match (origin.scheme_str(), origin.port_u16()) {
        (Some("https"), Some(443)) => text.trim_end_matches(":443"),
        (Some("http"), Some(80)) => text.trim_end_matches(":80"),
        _ => text,
    };
    text.to_ascii_lowercase()
}

fn is_web_address(uri: &Uri) -> bool {
    matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
}
