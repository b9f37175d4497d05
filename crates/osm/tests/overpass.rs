//! The Overpass client, with a scripted server on this machine.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod mock_server;

use std::{io::Read, path::Path, time::Duration};

use longhaul_osm::overpass::{Client, Query, QueryError, QueryResponse, Timeouts};
use mock_server::{MockServer, Reply, data, error_page, osm, recorded, replayed};

fn client(url: &str) -> Client {
    Client::new(url.parse().unwrap(), "longhaul-tests/1.0 (tests@example.org)").unwrap()
}

fn query() -> Query {
    Query::new("node(1,2,3,4);out meta;").unwrap()
}

/// The body of a response, read on a blocking thread.
async fn read(mut response: QueryResponse) -> std::io::Result<Vec<u8>> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        response.read_to_end(&mut bytes).map(|_| bytes)
    });
    reading.await.unwrap()
}

async fn ask(server: &MockServer) -> Result<Vec<u8>, QueryError> {
    let answer = client(&server.url()).send(&query()).await?;
    Ok(read(answer).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_posted_as_a_form_with_a_user_agent() {
    let server = MockServer::start([Reply::Send(data("<node id=\"1\"/>"))]);
    assert_eq!(ask(&server).await.unwrap(), osm("<node id=\"1\"/>"));
    let requests = server.requests();
    assert_eq!(
        (requests.len(), requests[0].method.as_str(), requests[0].path.as_str()),
        (1, "POST", "/api/interpreter")
    );
    assert_eq!(requests[0].body, "data=node%281%2C2%2C3%2C4%29%3Bout+meta%3B");
    assert_eq!(requests[0].header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(requests[0].header("user-agent"), "longhaul-tests/1.0 (tests@example.org)");
    assert_eq!(requests[0].header("accept-encoding"), "gzip");
}

/// All recorded responses: `None` if they are data, otherwise the error message.
const RECORDED: [(&str, Option<&str>); 34] = [
    ("01-bbox-out-meta.xml", None),
    ("02-bbox-out-meta.json", Some("the server answered with application/json and not with OSM data")),
    ("03-empty.xml", None),
    ("04-empty.json", Some("the server answered with application/json and not with OSM data")),
    (
        "05-syntax-error-400.html",
        Some(
            "the server cannot run the query: line 1: parse error: ')' expected - ';' found.; \
             line 1: parse error: Unexpected end of input.",
        ),
    ),
    (
        "06-syntax-error-json-400.html",
        Some(
            "the server cannot run the query: line 1: parse error: Unknown type \"nodes\"; \
             line 1: static error: For the attribute \"type\" of the element \"query\" the only allowed values are \
             \"node\", \"way\", \"relation\", \"nwr\", \"nw\", \"wr\", \"nr\", or \"area\".",
        ),
    ),
    (
        "07-static-error-bbox-400.html",
        Some("the server cannot run the query: line 1: parse error: Unknown query clause"),
    ),
    ("08-empty-body-400.html", Some(ONLY_WHITESPACE)),
    ("09-no-data-get.html", Some(ONLY_WHITESPACE)),
    ("10-get-query.xml", None),
    ("11-raw-body-post.xml", None),
    ("12-out-body-no-meta.xml", None),
    ("13-out-geom.xml", None),
    ("14-out-count.xml", None),
    // Responses to requests that are not queries.
    ("15-options.txt", None),
    ("16-status.txt", Some("the server answered with text/plain and not with OSM data")),
    ("16b-status-busy.txt", Some("the server answered with text/plain and not with OSM data")),
    ("16c-status-after.txt", Some("the server answered with text/plain and not with OSM data")),
    ("17-timestamp.txt", Some("the server answered with text/plain and not with OSM data")),
    // The next ones are data with an error remark, which the reader of the data reports.
    ("20-timeout-remark.xml", None),
    ("21-timeout-remark.json", Some("the server answered with application/json and not with OSM data")),
    ("22-partial-then-timeout.xml", None),
    ("23-maxsize-remark.xml", None),
    ("24-maxsize-too-large-504.html", Some(TOO_BUSY)),
    ("25-timeout-huge.html", Some(TOO_BUSY)),
    ("26-out-csv.txt", Some("the server answered with text/csv and not with OSM data")),
    ("27-two-outs-ways-before-nodes.xml", None),
    ("28-qt-order.xml", None),
    ("29-attic-date-unsupported.txt", None),
    ("30-way-missing-nodes.xml", None),
    (
        "40-rate-limited-429.html",
        Some(
            "the server takes no more queries from this address for now: runtime error: open64: 0 Success /osm3s_osm_base \
             Dispatcher_Client::request_read_and_idx::rate_limited. Please check /api/status for the quota of your IP \
             address.",
        ),
    ),
    (
        "40b-json-ok-after-slot-freed.txt",
        Some("the server answered with application/json and not with OSM data"),
    ),
    (
        "50-dispatcher-down.html",
        Some(
            "the server is too busy, or the query wants more time or memory than it grants: runtime error: The dispatcher \
             (i.e. the database management system) is turned off.",
        ),
    ),
    ("51-truncated-200.txt", None),
];

const ONLY_WHITESPACE: &str =
    "the server cannot run the query: encoding error: Your input contains only whitespace.";
const TOO_BUSY: &str = "the server is too busy, or the query wants more time or memory than it grants: runtime error: open64: 0 Success \
     /osm3s_osm_base Dispatcher_Client::request_read_and_idx::timeout. The server is probably too busy to handle your \
     request.";

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_response_is_understood() {
    let Some(folder) = recorded() else { return };
    assert_eq!(names_in(&folder), RECORDED.map(|(name, _)| name));
    for (name, error) in RECORDED {
        let sent = replayed(&folder.join(name));
        let body_at = sent.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let server = MockServer::start([Reply::Send(sent.clone())]);
        match (ask(&server).await, error) {
            (Ok(body), None) => {
                // The last one is chunked, and begins with the size of the chunk.
                let size = sent[body_at..].iter().position(|byte| *byte == b'\n').unwrap_or(0);
                let body_at = if name.starts_with("51") { body_at + size + 1 } else { body_at };
                assert!(
                    sent[body_at..].starts_with(&body) && (!body.is_empty() || name.starts_with("15")),
                    "{name}"
                );
            }
            (Err(message), Some(expected)) => assert_eq!(message.to_string(), expected, "{name}"),
            (message, expected) => panic!("{name}: {message:?} instead of {expected:?}"),
        }
    }
}

/// The recorded responses with head and body in one file.
fn names_in(folder: &Path) -> Vec<String> {
    let names =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter(|name| name != "README.md" && !name.starts_with("31-gzip")).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_gzip_response_is_decompressed() {
    let Some(folder) = recorded() else { return };
    let head = std::fs::read(folder.join("31-gzip.headers")).unwrap();
    let packed = std::fs::read(folder.join("31-gzip.xml.gz")).unwrap();
    let server = MockServer::start([Reply::Send([&head[..], &packed].concat())]);
    let plain = std::fs::read(folder.join("01-bbox-out-meta.xml")).unwrap();
    let unpacked = ask(&server).await.unwrap();
    assert!(plain.ends_with(&unpacked) && unpacked.len() == 22_306);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_a_real_server_says_how_many_queries_it_takes() {
    let Some(folder) = recorded() else { return };
    for (name, limit, is_free) in [
        ("16-status.txt", Some(2), true),
        ("16b-status-busy.txt", Some(2), false),
        ("16c-status-after.txt", Some(2), true),
    ] {
        let recorded = std::fs::read_to_string(folder.join(name)).unwrap();
        let (_, text) = recorded.split_once("\r\n\r\n").unwrap();
        let server = MockServer::with_status(text, []);
        let slots = client(&server.url()).slots().await.unwrap();
        assert_eq!((slots.limit, slots.is_free()), (limit, is_free), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_errors_have_helpful_messages() {
    for (sent, expected) in [
        (error_page("406 Not Acceptable", "x"), "with --user-agent"),
        (
            error_page("403 Forbidden", "go away"),
            "it may be banned, so leave the server alone and ask its operators: go away",
        ),
        (error_page("500 Internal Server Error", "x"), "the server answered with the status 500: x"),
        (error_page("200 OK", "y"), "the server answered with text/html and not with OSM data: y"),
        (Vec::new(), "the server cannot be reached"),
        (b"nonsense\r\n\r\n".to_vec(), "the server cannot be reached"),
    ] {
        let server = MockServer::start([Reply::Send(sent)]);
        let message = ask(&server).await.unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    let error = client("http://127.0.0.1:1/api/interpreter").send(&query()).await.err().unwrap();
    assert!(error.to_string().contains("Connection refused"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_followed_with_the_query_and_to_the_same_host_only() {
    let moved = |status: &str, to: &str| {
        Reply::Send(
            format!("HTTP/1.1 {status}\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .into(),
        )
    };
    let server = MockServer::start([
        moved("301 Moved Permanently", "/other"),
        moved("307 Temporary Redirect", "third"),
        Reply::Send(data("")),
    ]);
    assert_eq!(ask(&server).await.unwrap(), osm(""));
    let requests = server.requests();
    assert_eq!(
        requests.iter().map(|request| request.path.as_str()).collect::<Vec<_>>(),
        ["/api/interpreter", "/other", "/third"]
    );
    assert!(requests.iter().all(|request| request.method == "POST" && request.body.starts_with("data=node")));

    let elsewhere = MockServer::start([Reply::Send(data(""))]);
    for to in [elsewhere.url().replace("127.0.0.1", "localhost"), elsewhere.url()] {
        let server = MockServer::start([moved("302 Found", &to)]);
        assert_eq!(ask(&server).await.unwrap_err(), QueryError::ForeignRedirect, "{to}");
    }
    assert_eq!(elsewhere.requests().len(), 0);
    let circle = MockServer::start((0..9).map(|_| moved("302 Found", "/api/interpreter")));
    assert_eq!(ask(&circle).await.unwrap_err(), QueryError::ForeignRedirect);
    assert_eq!(circle.requests().len(), 4);
}

fn impatient(url: &str) -> Client {
    let quick = Duration::from_millis(200);
    client(url).timeouts(Timeouts { grace: quick, page: quick, ..Timeouts::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_is_a_timeout() {
    let at_once = Query::new("[timeout:0];node(1);out meta;").unwrap();
    let server = MockServer::start([Reply::Stall(Vec::new())]);
    let message = impatient(&server.url()).send(&at_once).await.err().unwrap();
    assert!(matches!(message, QueryError::Timeout(_)), "{message}");

    let mut begun = data(&"<node/>".repeat(1000));
    begun.truncate(3000);
    let server = MockServer::start([Reply::Stall(begun)]);
    let answer = impatient(&server.url()).send(&at_once).await.unwrap();
    assert_eq!(read(answer).await.unwrap_err().to_string(), "the server stopped sending");

    let page = error_page("400 Bad Request", "no")[..60].to_vec();
    let server = MockServer::start([Reply::Stall(page)]);
    let message = impatient(&server.url()).send(&at_once).await.err().unwrap();
    assert!(matches!(message, QueryError::Timeout(_) | QueryError::InvalidQuery { .. }), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_response_is_an_error() {
    let mut cut = data(&"<node/>".repeat(1000));
    cut.truncate(3000);
    let server = MockServer::start([Reply::Send(cut)]);
    let answer = client(&server.url()).send(&query()).await.unwrap();
    assert_eq!(read(answer).await.unwrap_err().to_string(), "the server broke the connection off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_can_be_aborted_while_it_is_read() {
    let server = MockServer::start([Reply::Stall(data(&"<node/>".repeat(1000))[..3000].to_vec())]);
    let answer = client(&server.url()).send(&query()).await.unwrap();
    let interrupter = answer.interrupter();
    let reading = tokio::spawn(read(answer));
    interrupter.interrupt();
    assert_eq!(reading.await.unwrap().unwrap_err().to_string(), "the download was broken off");
}
