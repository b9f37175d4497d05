//! Browsers get pages, programs get what they always got.

use crate::{CHROMIUM, harness::Request, navigation, open, with_layer};

const PAGES: [&str; 8] = [
    "/",
    "/repos",
    "/repos/city",
    "/repos/city/",
    "/repos/city/collections/p",
    "/repos/city/at/HEAD",
    "/tasks",
    "/tasks/1",
];

/// The headers that programs were seen to send.
const PROGRAMS: [(&str, &[(&str, &str)]); 9] = [
    (
        "Java's URLConnection",
        &[("Accept", "text/html, image/gif, image/jpeg, */*; q=0.2"), ("User-Agent", "Java/17.0.9")],
    ),
    (
        "older Java",
        &[
            ("Accept", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"),
            ("User-Agent", "Java/1.8.0_392"),
        ],
    ),
    ("curl", &[("Accept", "*/*"), ("User-Agent", "curl/7.88.1")]),
    (
        "requests",
        &[("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate"), ("User-Agent", "python-requests/2.28.1")],
    ),
    ("urllib", &[("User-Agent", "Python-urllib/3.11")]),
    (
        "Qt",
        &[
            ("User-Agent", "Mozilla/5.0"),
            ("Accept-Encoding", "gzip, deflate"),
            ("Accept-Language", "en-US,*"),
        ],
    ),
    ("a script of a page", &[("Accept", "*/*"), ("Sec-Fetch-Dest", "empty")]),
    (
        "an image of a page",
        &[
            ("Accept", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"),
            ("Sec-Fetch-Dest", "image"),
        ],
    ),
    (
        "a page in a frame",
        &[
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ("Sec-Fetch-Dest", "iframe"),
        ],
    ),
];

/// Those that ask for JSON.
const JSON_PROGRAMS: [(&str, &[(&str, &str)]); 2] = [
    ("GDAL", &[("Accept", "application/json"), ("User-Agent", "GDAL/3.6.2")]),
    (
        "QGIS",
        &[("Accept", "application/geo+json, application/json"), ("User-Agent", "Mozilla/5.0 QGIS/33400")],
    ),
];

fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> Request {
    headers.iter().fold(Request::new(method, target), |request, (name, value)| request.header(name, value))
}

#[test]
fn browsers_get_pages_and_programs_get_documents() {
    let (server, _) = with_layer(&["a"]);
    for target in PAGES {
        let plain = server.send(Request::new("GET", target));
        let json = server.send(request("GET", target, JSON_PROGRAMS[0].1));
        let programs = PROGRAMS.map(|(name, headers)| (name, headers, &plain));
        let json_programs = JSON_PROGRAMS.map(|(name, headers)| (name, headers, &json));
        for (name, headers, expected) in programs.into_iter().chain(json_programs) {
            let response = server.send(request("GET", target, headers));
            assert_eq!(response.body, expected.body, "{name} {target}");
            assert_eq!(response.header("content-type"), expected.header("content-type"), "{name} {target}");
            assert_eq!(response.header("vary"), Some("Accept, Sec-Fetch-Dest"), "{name} {target}");
            assert_eq!(response.header("content-security-policy"), None, "{name} {target}");
        }
        let firefox = [
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ("Sec-Fetch-Dest", "document"),
        ];
        // Over plain HTTP to another host, browsers do not send Sec-Fetch-Dest.
        for headers in [&CHROMIUM[..], &firefox[..], &firefox[..1]] {
            let response = server.send(request("GET", target, headers));
            assert_eq!(response.status, 200, "{target}");
            assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"), "{target}");
            assert_eq!(response.header("vary"), Some("Accept, Sec-Fetch-Dest"), "{target}");
            let head = server.send(request("HEAD", target, headers));
            assert_eq!((head.status, head.body.len()), (200, 0), "{target}");
            assert_eq!(head.header("content-length").unwrap(), response.body.len().to_string(), "{target}");
        }
    }
    server.stop();
}

#[test]
fn a_browser_that_asks_for_a_format_gets_it() {
    let (server, _) = with_layer(&["a"]);
    for target in [
        "/repos.json",
        "/repos/city.json",
        "/tasks/1.json",
        "/tasks?output_format=json",
        "/repos/city/log.json",
    ] {
        let response = open(&server, target);
        assert_eq!(response.header("content-type"), Some("application/json"), "{target}");
        assert_eq!(response.header("vary").is_some(), target.contains('?'), "{target}");
    }
    assert_eq!(open(&server, "/tasks.xml").header("content-type"), Some("application/xml;charset=UTF-8"));
    assert_eq!(
        open(&server, "/repos/city/collections/p/items").header("content-type"),
        Some("application/geo+json")
    );
    server.stop();
}

#[test]
fn pages_load_nothing_from_elsewhere_and_are_in_no_frame() {
    let (server, _) = with_layer(&["a"]);
    for target in
        PAGES.into_iter().chain(["/-/sign-in", "/nothing", "/repos/none", "/tasks/99", "/repos/city/at/none"])
    {
        let response = open(&server, target);
        if response.header("content-type") != Some("text/html; charset=utf-8") {
            assert_eq!(target, "/nothing", "only an address without a page has a document");
            continue;
        }
        let policy = response.header("content-security-policy").unwrap();
        assert_eq!(
            policy,
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        assert_eq!(response.header("referrer-policy"), Some("same-origin"), "{target}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{target}");
        let text = response.text();
        assert!(
            !text.contains("style=\"") && !text.contains("onclick") && !text.contains("<script>"),
            "{target}"
        );
    }
    server.stop();
}

#[test]
fn errors_are_pages_for_browsers() {
    let (server, _) = with_layer(&["a"]);
    for (target, status, text) in [
        ("/repos/none", 404, "Repository not found."),
        ("/repos/a%20b", 400, "s name"),
        ("/tasks/99", 404, "There is no task 99"),
        ("/tasks/x", 404, "There is no task"),
        ("/tasks?since=soon", 400, "since must be a time"),
        ("/repos/city/collections/none", 404, "There is no collection"),
        ("/repos/city/at/none", 404, "There is no version"),
        ("/repos/city/collections/p/items/99", 404, "There is no such feature"),
    ] {
        let response = open(&server, target);
        assert_eq!(response.status, status, "{target}: {}", response.text());
        assert!(response.text().starts_with("<!doctype html>"), "{target}");
        assert!(response.text().contains(text), "{target}: {}", response.text());
        let head = server.send(navigation("HEAD", target));
        assert_eq!((head.status, head.body.len()), (status, 0), "{target}");
    }
    server.stop();
}

#[test]
fn what_pages_are_made_of_is_cached_by_its_tag() {
    let (server, _) = with_layer(&["a"]);
    for (asset, media_type) in [
        ("/-/style.css", "text/css; charset=utf-8"),
        ("/-/script.js", "text/javascript; charset=utf-8"),
        ("/-/icon.svg", "image/svg+xml"),
        ("/-/map.js", "text/javascript; charset=utf-8"),
        ("/-/openlayers.js", "text/javascript; charset=utf-8"),
        ("/-/countries.geojson", "application/geo+json"),
    ] {
        let first = server.get(asset);
        assert_eq!((first.status, first.header("content-type")), (200, Some(media_type)));
        assert_eq!(first.header("cache-control"), Some("no-cache"));
        let tag = first.header("etag").unwrap();
        let second = server.send(Request::new("GET", asset).header("If-None-Match", tag));
        assert_eq!((second.status, second.body.len()), (304, 0));
    }
    assert_eq!(server.get("/-/none.css").status, 404);
    server.stop();
}
