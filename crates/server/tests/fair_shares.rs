//! Callers that try to take everything leave something for the others.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use harness::{Form, Request, Server, geopackage, server::longhaul};

/// A server that may open only so many files, with tokens of a reader, a writer and an admin.
struct Fixture {
    server: Server,
    _tokens: tempfile::TempDir,
    secrets: Vec<(&'static str, String)>,
}

impl Fixture {
    fn with_open_files(limit: u32) -> Self {
        Self::start(limit, "")
    }

    fn start(limit: u32, arguments: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.toml");
        let secrets = ["admin", "writer", "reader"].map(|role| {
            let new = ["token", "new", role, "--role", role, "--file", file.to_str().unwrap()];
            let output = longhaul().args(new).output().unwrap();
            (role, String::from_utf8(output.stdout).unwrap().trim().to_owned())
        });
        let script = format!("ulimit -n {limit}; exec \"$@\" --tokens '{}' {arguments}", file.display());
        let server = Server::start_under(tempfile::tempdir().unwrap(), &["sh", "-c", &script, "sh"]);
        let fixture = Self { server, _tokens: folder, secrets: secrets.into() };
        let made = fixture.server.send(fixture.request("admin", "PUT", "/repos/r/init"));
        assert_eq!(made.status, 201);
        fixture
    }

    fn request(&self, user: &str, method: &str, target: &str) -> Request {
        let secret = &self.secrets.iter().find(|(name, _)| *name == user).unwrap().1;
        Request::new(method, target).header("Authorization", &format!("Bearer {secret}"))
    }

    /// Sends the head of a request and returns its connection, with the status if a response comes.
    fn begin(&self, request: &Request, beginning_of_body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.server.address).unwrap();
        stream.write_all(&request.head(self.server.address)).unwrap();
        stream.write_all(beginning_of_body).unwrap();
        stream
    }

    /// Opens event streams until one is refused.
    fn take_all_streams(&self, user: &str) -> Vec<TcpStream> {
        let request = self.request(user, "GET", "/tasks/events");
        let open = || {
            let mut stream = self.begin(&request, b"");
            (status(&mut stream) == 200).then_some(stream)
        };
        std::iter::from_fn(open).collect()
    }

    fn import(&self, user: &str) -> u16 {
        let form = Form::default().file("fileUpload", "p.gpkg", &geopackage::points("p", &["a"]));
        self.server.send(self.request(user, "POST", "/repos/r/import.json?format=gpkg").form(form)).status
    }

    /// Checks that the health check and an admin are answered; returns the longer of the two times.
    fn admin_is_answered(&self) -> Duration {
        let mut longest = Duration::ZERO;
        for request in [Request::new("GET", "/healthz"), self.request("admin", "GET", "/repos/r/log")] {
            let asked = Instant::now();
            assert_eq!(self.server.send(request).status, 200);
            longest = longest.max(asked.elapsed());
        }
        longest
    }
}

fn status(stream: &mut TcpStream) -> u16 {
    let mut line = [0; 12];
    stream.read_exact(&mut line).unwrap();
    String::from_utf8_lossy(&line)[9..].parse().unwrap()
}

/// The value of a metric.
fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in\n{metrics}")).parse().unwrap()
}

#[test]
fn idle_connections_keep_nobody_out() {
    let fixture = Fixture::with_open_files(200);
    let idle: Vec<_> = (0..300).map(|_| TcpStream::connect(fixture.server.address).unwrap()).collect();
    let unfinished: Vec<_> = (0..300)
        .map(|_| {
            let mut stream = TcpStream::connect(fixture.server.address).unwrap();
            // The connection may have been closed already, to make room for the next ones.
            let _ = stream.write_all(b"GET /repos HTTP/1.1\r\n");
            stream
        })
        .collect();
    fixture.admin_is_answered();
    assert_eq!(fixture.import("writer"), 200);
    let metrics = fixture.server.send(fixture.request("admin", "GET", "/metrics")).text();
    assert_eq!(value(&metrics, "longhaul_connections_limit"), 100.0);
    assert!(value(&metrics, "longhaul_connections_closed_total") >= 500.0);
    drop((idle, unfinished));
    assert!(fixture.server.stop_and_read_log().2.contains("all connections are taken"));
}

#[test]
fn a_reader_and_a_writer_that_take_what_they_get_leave_some_for_others() {
    let fixture = Fixture::with_open_files(600);
    let streams = fixture.take_all_streams("reader");
    assert!(streams.len() > 100, "{}", streams.len());
    assert!(fixture.take_all_streams("writer").len() > 50);

    let slow = fixture.request("writer", "POST", "/repos/r/import?format=gpkg");
    let slow = slow.header("Content-Type", "application/octet-stream").header("Content-Length", "1000000");
    let uploads: Vec<_> = (0..40).map(|_| fixture.begin(&slow, &[0; 1000])).collect();
    let metrics = || fixture.server.send(fixture.request("admin", "GET", "/metrics")).text();
    while value(&metrics(), "longhaul_places_taken{kind=\"uploads\"}") < 15.0 {
        std::thread::yield_now();
    }
    assert_eq!(fixture.import("writer"), 503);
    assert_eq!(fixture.import("admin"), 200);
    let longest = (0..50).map(|_| fixture.admin_is_answered()).max();
    println!("an admin and the health check were answered within {longest:?}");

    let metrics = metrics();
    assert_eq!(value(&metrics, "longhaul_places_taken{kind=\"uploads\"}"), 15.0);
    assert!(value(&metrics, "longhaul_places_refused_total{kind=\"uploads\"}") >= 1.0);
    // Here as many streams are possible as requests, of which each is one, too.
    assert!(value(&metrics, "longhaul_places_refused_total{kind=\"requests\"}") >= 2.0);
    drop((streams, uploads));
    let log = fixture.server.stop_and_read_log().2;
    assert!(log.contains("too many places are taken") && log.contains("uploads"), "{log}");
}

#[test]
fn a_stranger_without_a_token_takes_nothing() {
    let fixture = Fixture::with_open_files(200);
    let address: SocketAddr = fixture.server.address;
    let uploads: Vec<_> = (0..300)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            let head = format!(
                "POST /repos/r/import HTTP/1.1\r\nHost: {address}\r\nContent-Length: 1000000\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes());
            stream
        })
        .collect();
    fixture.admin_is_answered();
    assert_eq!(fixture.import("writer"), 200);
    drop(uploads);
    fixture.server.stop_and_read_log();
}

#[test]
fn a_writer_that_fills_the_queue_leaves_some_of_it_for_others() {
    // An Overpass server that never answers keeps one download running, and the others waiting.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let overpass = format!("--max-queue 32 --overpass http://{}", silent.local_addr().unwrap());
    let fixture = Fixture::start(600, &overpass);
    let download = |user: &str| {
        let target = "/repos/r/osm/download.json?bbox=1,2,3,4";
        fixture.server.send(fixture.request(user, "GET", target))
    };
    let accepted = |user: &str| (0..40).take_while(|_| download(user).status == 200).count();
    assert_eq!(accepted("writer"), 16);
    let refused = download("writer");
    assert!(refused.status == 429 && refused.header("retry-after").is_some());
    assert_eq!(download("admin").status, 200);
    fixture.server.kill();
}

#[test]
fn long_messages_are_limited_by_their_bytes_and_one_writer_leaves_room_for_others() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let overpass = format!("--max-queue-size 4MiB --overpass http://{}", silent.local_addr().unwrap());
    let fixture = Fixture::start(600, &overpass);
    let download = |user: &str, message: usize| {
        let body = format!("bbox=1,2,3,4&message={}", "m".repeat(message));
        let request = fixture.request(user, "POST", "/repos/r/osm/download.json");
        fixture.server.send(request.body("application/x-www-form-urlencoded", body))
    };
    let accepted = |user: &str| (0..40).take_while(|_| download(user, 900_000).status == 200).count();
    assert_eq!(accepted("writer"), 2, "half of the bytes");
    let refused = download("writer", 900_000);
    assert!(refused.status == 429 && refused.header("retry-after").is_some());
    assert_eq!(accepted("admin"), 2);
    assert_eq!(download("writer", 10).status, 200, "a short one has room");
    fixture.server.kill();
}
