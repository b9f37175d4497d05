//! Who gets a page instead of a document.

use axum::http::{HeaderMap, Method, Request, header};

/// Whether a GET or HEAD is answered by a page: a browser opens an address that has one, and asks for no format.
pub(super) fn asks_for_page<B>(request: &Request<B>) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
        && is_navigation(request.headers())
        && has_page(request.uri().path())
        && !asks_for_document(request.uri().query())
}

/// Whether a browser will show the response in a window.
///
/// Both types must be named: the `Accept` of Java's `URLConnection`, which GeoGig's clients use, begins with `text/html`, too.
/// Browsers send `Sec-Fetch-Dest` over HTTPS and to this machine only.
pub(super) fn is_navigation(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (mut html, mut xhtml) = (false, false);
    for range in accepted.flat_map(|value| value.split(',')) {
        let media_type = range.split(';').next().unwrap_or_default().trim();
        html |= media_type.eq_ignore_ascii_case("text/html");
        xhtml |= media_type.eq_ignore_ascii_case("application/xhtml+xml");
    }
    let is_document = headers.get("sec-fetch-dest").is_none_or(|dest| dest.as_bytes() == b"document");
    html && xhtml && is_document
}

/// Whether there is a page at the path; one slash at its end does not count.
pub(super) fn has_page(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.ends_with(".json") || path.ends_with(".xml") {
        return false;
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments[..] {
        [] | ["docs"] | ["repos"] | ["tasks"] => true,
        ["tasks", id] => !matches!(id, "events" | "cancel" | "prune"),
        // The address of a clone is for Git.
        ["repos", name] => !name.ends_with(".git"),
        ["repos", _, "at", _, ref rest @ ..] | ["repos", _, ref rest @ ..] => {
            matches!(rest, [] | ["collections"] | ["collections", _] | ["collections", _, "items", _])
        }
        _ => false,
    }
}

/// Whether the query names a format, or asks for what only the API does.
fn asks_for_document(query: Option<&str>) -> bool {
    let mut names = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).map(|(name, _)| name);
    names.any(|name| matches!(&*name, "output_format" | "cancel" | "prune" | "wait"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_pages_are_those_of_the_api() {
        for path in [
            "/",
            "/repos",
            "/repos/",
            "/repos/a",
            "/repos/a/collections/b",
            "/repos/a/collections/b/items/1",
            "/repos/a/at/HEAD~1",
            "/repos/a/at/HEAD/collections/b.c",
            "/tasks",
            "/tasks/3",
            "/docs",
        ] {
            assert!(has_page(path), "{path}");
        }
        for path in [
            "/repos.json",
            "/repos/a.xml",
            "/repos/a.json/",
            "/repos/a.git",
            "/repos/a/log",
            "/repos/a/collections/b/items",
            "/tasks/events",
            "/tasks/3/download",
            "/tasks/cancel",
            "/healthz",
            "/-/style.css",
        ] {
            assert!(!has_page(path), "{path}");
        }
    }
}
