//! Random requests: any method, path, parameters, headers and body. No response is a server error, and every response can be parsed.
//!
//! The fuzz target `http` covers requests for tasks; this test covers the other routes of the real binary.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;

use std::{cell::RefCell, collections::BTreeSet};

use harness::{Form, Request, Response, Server, geopackage};
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};

/// Number of requests.
const REQUESTS: u32 = 2000;

#[derive(Clone, Debug)]
struct Asked {
    method: &'static str,
    path: String,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    None,
    Bytes(&'static str, Vec<u8>),
    Form(Vec<(&'static str, String)>, Vec<u8>),
}

const METHODS: &[&str] = &["GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "DELETE", "OPTIONS", "BREW"];

const COMMANDS: &[&str] = &[
    "",
    "/init",
    "/delete",
    "/rename",
    "/import",
    "/log",
    "/log",
    "/ls-tree",
    "/ls-tree",
    "/osm/import",
    "/osm/download",
    "/manifest",
    "//",
];

/// Parameters of all commands, in the query or in a form.
const NAMES: &[&str] = &[
    "add",
    "authorEmail",
    "authorName",
    "bbox",
    "dest",
    "fidAttribute",
    "fileUpload",
    "filter",
    "firstParentOnly",
    "format",
    "interchange",
    "layer",
    "limit",
    "location",
    "mapping",
    "message",
    "name",
    "noRaw",
    "offset",
    "onlyTree",
    "output_format",
    "page",
    "path",
    "priority",
    "rebase",
    "recursive",
    "returnRange",
    "root",
    "rules",
    "show",
    "showTree",
    "since",
    "token",
    "transactionId",
    "until",
    "update",
    "uri",
    "verbose",
];

const VALUES: &[&str] = &[
    "",
    "true",
    "TRUE",
    "0",
    "1",
    "-1",
    "99999999999999999999999",
    "gpkg",
    "json",
    "roads",
    "HEAD",
    "HEAD:roads",
    "HEAD~1..HEAD",
    "master",
    "refs/heads/master",
    "../../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "-1,-1,1,1",
    "a\0b",
    "]]>&<",
    "{\"rules\":[]}",
];

const HEADERS: &[&str] = &[
    "Accept",
    "Access-Control-Request-Method",
    "Authorization",
    "Content-Type",
    "Host",
    "Idempotency-Key",
    "If-None-Match",
    "Origin",
    "Prefer",
    "Range",
    "Sec-Fetch-Site",
    "Transfer-Encoding",
    "X-Forwarded-Host",
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![3 => select(VALUES).prop_map(str::to_owned), 1 => any::<String>()]
}

fn parameters() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    vec((select(NAMES), value()), 0..5)
}

fn path() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        4 => Just("roads".to_owned()),
        1 => select(&["none", "new", "..", ".git", "a%2fb", "%2e%2e%2fetc", "r%00", "%ff", ""][..]).prop_map(str::to_owned),
        1 => any::<String>().prop_map(|name| encoded(&name)),
    ];
    let repository = (name, select(COMMANDS)).prop_map(|(name, command)| format!("/repos/{name}{command}"));
    let path = prop_oneof![
        8 => repository,
        1 => select(&["/repos", "/version", "/metrics", "/healthz", "/readyz", "/tasks", "/tasks/1", "*"][..]).prop_map(str::to_owned),
        1 => any::<String>().prop_map(|path| format!("/{}", encoded(&path))),
    ];
    let end = select(&["", "", ".json", ".json", ".xml", "/", ".json/"][..]);
    (path, end).prop_map(|(path, end)| path + end)
}

fn header() -> impl Strategy<Value = (&'static str, String)> {
    let known = select(
        &[
            "application/json;q=0.5, */*",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "multipart/form-data; boundary=\"",
            "null",
            "http://evil.example",
            "cross-site",
            "respond-async, wait=0",
            "Basic Og==",
            "Bearer ",
            "*",
            "chunked",
            "127.0.0.1",
        ][..],
    );
    let value = prop_oneof![known.prop_map(str::to_owned), "[ -~]{0,40}", "\\PC{0,10}"];
    (select(HEADERS), value)
}

fn body() -> impl Strategy<Value = Body> {
    let file = prop_oneof![
        Just(geopackage::points("points", &["a", "b"])),
        (0..8192_usize).prop_map(|length| {
            let mut file = geopackage::points("points", &["a", "b"]);
            file.truncate(length);
            file
        }),
        vec(any::<u8>(), 0..200),
    ];
    let content_type =
        select(&["application/json", "text/plain", "application/x-www-form-urlencoded", ""][..]);
    prop_oneof![
        3 => Just(Body::None),
        1 => (content_type, vec(any::<u8>(), 0..200)).prop_map(|(kind, bytes)| Body::Bytes(kind, bytes)),
        2 => (parameters(), file).prop_map(|(texts, file)| Body::Form(texts, file)),
    ]
}

fn asked() -> impl Strategy<Value = Asked> {
    (select(METHODS), path(), parameters(), vec(header(), 0..3), body())
        .prop_map(|(method, path, query, headers, body)| Asked { method, path, query, headers, body })
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

impl Asked {
    fn request(&self) -> Request {
        let query: Vec<_> =
            self.query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let request = Request::new(self.method, &format!("{}?{}", self.path, query.join("&")));
        let request = match &self.body {
            Body::None => request,
            Body::Bytes(content_type, bytes) => request.body(content_type, bytes.clone()),
            Body::Form(texts, file) => {
                let form = texts.iter().fold(Form::default(), |form, (name, text)| form.text(name, text));
                request.form(form.file("fileUpload", "points.gpkg", file))
            }
        };
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }
}

/// Checks that the response is not a server error, has the content type that it claims, and contains no path of the server.
fn check(response: &Response, folder: &str, is_head: bool) {
    let said = String::from_utf8_lossy(&response.body);
    // GeoGig's clients know a parameter that is missing by this status.
    let is_known = said.contains("Required parameter 'name' was not provided.");
    assert!(response.status < 500 || is_known, "{}: {said}", response.status);
    assert!(response.status != 405 || response.header("allow").is_some(), "405 says what is allowed");
    for text in response.headers.iter().map(|(_, value)| value.as_bytes()).chain([&*response.body]) {
        assert!(!String::from_utf8_lossy(text).contains(folder), "{}", String::from_utf8_lossy(text));
    }
    if is_head || response.body.is_empty() {
        return;
    }
    let text = response.text();
    match response.header("content-type") {
        Some("application/json") => drop(response.json()),
        Some("application/xml;charset=UTF-8") => {
            assert!(text.starts_with("<?xml") && text.ends_with('>'), "{text}");
            assert!(!text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')), "{text:?}");
        }
        Some("text/plain;charset=UTF-8" | "text/plain; charset=utf-8") => {}
        Some("text/plain; version=0.0.4; charset=utf-8") => {}
        other => panic!("{other:?}: {text}"),
    }
}

#[test]
fn no_request_makes_the_server_fail() {
    // No Overpass server is contacted.
    let server = Server::start_with(&["--overpass", "http://127.0.0.1:9/api"]);
    server.init("roads");
    server.import_to_the_end(
        "roads",
        Form::default().file("fileUpload", "r.gpkg", &geopackage::points("roads", &["a"])),
    );
    let folder = server.data("").display().to_string();
    let config = Config { cases: REQUESTS, failure_persistence: None, ..Config::default() };
    let statuses = RefCell::new(BTreeSet::new());
    let checked = TestRunner::new(config).run(&asked(), |asked| {
        let response = server.send(asked.request());
        check(&response, folder.trim_end_matches('/'), asked.method == "HEAD");
        statuses.borrow_mut().insert(response.status);
        Ok(())
    });
    if let Err(failure) = checked {
        panic!("{failure}");
    }
    let reached = BTreeSet::from([200, 204, 400, 403, 404, 405]);
    assert!(reached.is_subset(&statuses.borrow()), "{statuses:?}: the requests do not reach far");
    assert_eq!(server.get("/healthz").text(), "ok\n");
    let (_, status, log) = server.stop_and_read_log();
    assert!(status.success() && !log.contains("panicked"), "{status}\n{log}");
}
