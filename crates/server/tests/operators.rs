//! Who has done what is in the log, and why a server is not ready in its answers.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;

use std::net::TcpListener;

use harness::{Form, Request, Response, Server, geopackage, server::longhaul};

fn file() -> Form {
    Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", &["a"]))
}

/// The value of a metric, with its labels.
fn metric(server: &Server, name: &str) -> f64 {
    let metrics = server.get("/metrics").text();
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {metrics}")).parse().unwrap()
}

fn wait_for_the_end_of(send: &impl Fn(&str, &str) -> Response, id: u64) {
    let target = format!("/tasks/{id}.json?wait=60");
    while send("GET", &target).json()["task"]["status"] != "CANCELLED" {}
}

#[test]
fn the_log_says_who_cancels_prunes_creates_renames_and_deletes() {
    let tokens = tempfile::tempdir().unwrap();
    let path = tokens.path().join("tokens.toml");
    let path = path.to_str().unwrap();
    let new = longhaul().args(["token", "new", "ann", "--role", "admin", "--file", path]).output().unwrap();
    let token = format!("Bearer {}", String::from_utf8(new.stdout).unwrap().trim());
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let overpass = format!("http://{}/api/interpreter", mute.local_addr().unwrap());
    let server = Server::start_with(&[
        "--tokens",
        path,
        "--overpass",
        &overpass,
        "--user-agent",
        "longhaul-tests/1.0",
    ]);
    let send = |method: &str, target: &str| -> Response {
        server.send(Request::new(method, target).header("Authorization", &token))
    };
    send("PUT", "/repos/r/init");
    for _ in 0..2 {
        send("GET", "/repos/r/osm/download.json?bbox=1,2,3,4");
    }
    send("GET", "/tasks/1?cancel=true");
    wait_for_the_end_of(&send, 1);
    send("POST", "/tasks/cancel.json?kind=download-osm");
    wait_for_the_end_of(&send, 2);
    send("GET", "/tasks/2?prune=true");
    send("POST", "/repos/r/rename?name=s");
    let offer = send("GET", "/repos/s/delete.json").json();
    let deletion = offer["response"]["token"].as_str().unwrap().to_owned();
    assert_eq!(send("DELETE", &format!("/repos/s?token={deletion}")).status, 200);
    let (_folder, _, log) = server.stop_and_read_log();
    for line in [
        "tasks were cancelled caller=\"ann\" count=1 ids=[1]",
        "tasks were cancelled caller=\"ann\" count=1 ids=[2]",
        "tasks were pruned caller=\"ann\" count=1 ids=[2]",
        "a repository was created repository=\"r\" caller=\"ann\"",
        "a repository was renamed from=\"r\" to=\"s\" caller=\"ann\"",
        "a repository was deleted repository=\"s\" caller=\"ann\"",
    ] {
        assert!(log.contains(line), "{line} is not in\n{log}");
    }
}

#[test]
fn a_server_that_would_refuse_an_import_is_not_ready() {
    let free = u64::MAX / 2;
    let server = Server::start_with(&["--min-free", &free.to_string()]);
    let answer = server.get("/readyz");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (503, "not ready: The server has no room for the file.\n")
    );
    assert!(server.get("/healthz").text().starts_with("up, but not ready: "));
    assert_eq!(metric(&server, "longhaul_ready"), 0.0);
    server.init("r");
    let refused = server.send(Request::new("POST", "/repos/r/import.json?format=gpkg").form(file()));
    assert_eq!(refused.status, 507);
    assert_eq!(metric(&server, "longhaul_refusals_total{reason=\"disk_full\"}"), 1.0);
    assert_eq!(metric(&server, "longhaul_disk_reserve_bytes"), free as f64);
    server.stop();

    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let overpass = format!("http://{}/api/interpreter", mute.local_addr().unwrap());
    let server = Server::start_with(&[
        "--max-queue",
        "2",
        "--overpass",
        &overpass,
        "--user-agent",
        "longhaul-tests/1.0",
    ]);
    server.init("r");
    assert_eq!(server.get("/readyz").status, 200);
    let mut answers = Vec::new();
    while server.get("/readyz").status == 200 {
        answers.push(server.get("/repos/r/osm/download.json?bbox=1,2,3,4").status);
    }
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    assert_eq!(server.get("/readyz").text(), "not ready: too many tasks are waiting\n");
    while server.get("/repos/r/osm/download.json?bbox=1,2,3,4").status == 200 {}
    server.kill();
}

#[test]
fn requests_are_counted_by_route_and_status() {
    let server = Server::start();
    server.init("r");
    server.get("/repos/r/log.json");
    server.get("/repos/none/log");
    server.get("/tasks/1");
    server.send(Request::new("GET", "/repos").header("Host", "elsewhere.example.org"));
    for (route, status) in [
        ("/repos/{name}/init", 201),
        ("/repos/{name}/log", 200),
        ("/repos/{name}/log", 404),
        ("/tasks/{id}", 404),
        ("none", 403),
    ] {
        let name = format!("longhaul_http_requests_total{{route=\"{route}\",status=\"{status}\"}}");
        assert_eq!(metric(&server, &name), 1.0, "{name}");
    }
    assert!(metric(&server, "process_resident_memory_bytes") > 1e6);
    assert!(metric(&server, "process_open_fds") > 3.0);
    assert!(metric(&server, "longhaul_disk_free_bytes") > 0.0);
    server.stop();
}
