//! Idempotency keys: requests that are sent again because their response was lost.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;

use harness::{Form, Request, Response, Server, geopackage, names_in};

fn file(name: &str) -> Form {
    Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", &[name]))
}

fn import(server: &Server, target: &str, key: &str, form: Form) -> Response {
    server.send(Request::new("POST", target).form(form).header("Idempotency-Key", key))
}

const JSON: &str = "/repos/r/import.json?format=gpkg";

fn server() -> Server {
    let server = Server::start();
    server.init("r");
    server
}

/// Files are removed in the background after the response.
fn wait_for_no_uploads(server: &Server) {
    while !names_in(&server.data("uploads")).is_empty() {
        std::thread::yield_now();
    }
}

#[test]
fn many_requests_with_one_key_make_one_task() {
    let server = server();
    let form = file("a");
    let bodies: Vec<_> = std::thread::scope(|scope| {
        let send = || import(&server, JSON, "k1", form.clone());
        let sending: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
        sending
            .into_iter()
            .map(|one| one.join().unwrap())
            .map(|answer| (answer.status, answer.text()))
            .collect()
    });
    assert_eq!(bodies[0].0, 200, "{bodies:?}");
    assert!(bodies.iter().all(|one| one == &bodies[0]), "everybody gets the first answer: {bodies:?}");
    assert_eq!(server.ended(1)["status"], "FINISHED");
    assert_eq!(server.get("/tasks.json").json()["tasks"].as_array().unwrap().len(), 1);
    wait_for_no_uploads(&server);
    server.stop();
}

#[test]
fn a_repeated_request_gets_the_first_response_even_after_a_prune() {
    let server = server();
    let first = import(&server, JSON, "k1", file("a"));
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(server.ended(1)["status"], "FINISHED");
    let waiting = || {
        let again = Request::new("POST", JSON).form(file("a")).header("Idempotency-Key", "k1");
        server.send(again.header("Prefer", "wait=60"))
    };
    assert_eq!(
        waiting().json()["task"]["status"],
        "FINISHED",
        "a waiting client sees the end while the task exists"
    );
    assert_eq!(server.get("/tasks/1?prune=true").status, 200);
    let again = import(&server, JSON, "\"k1\"", file("a"));
    assert_eq!((again.status, again.text()), (200, first.text()));
    assert_eq!(waiting().text(), first.text(), "there is no end to wait for any more");
    let xml = import(&server, "/repos/r/import/?format=gpkg", "k1", file("a"));
    assert!(xml.text().contains("<task><id>1</id><status>WAITING</status>"), "{}", xml.text());
    let moved = Request::new("POST", "/repos/r/import.json").header("Prefer", "respond-async");
    let moved = moved.form(file("a").text("format", "gpkg")).header("Idempotency-Key", "k1");
    let moved = server.send(moved);
    assert_eq!((moved.status, moved.text()), (202, first.text()), "parameters count wherever they stand");
    assert_eq!(server.get("/tasks.json").text(), r#"{"tasks":[]}"#);
    wait_for_no_uploads(&server);
    server.stop();
}

#[test]
fn another_request_under_the_same_key_is_refused() {
    let server = server();
    server.init("s");
    assert_eq!(import(&server, JSON, "k1", file("a")).status, 200);
    server.ended(1);
    for (target, form) in [
        (JSON, file("b")),
        ("/repos/s/import.json?format=gpkg", file("a")),
        ("/repos/r/import.json?format=gpkg&add=true", file("a")),
        (JSON, file("a").text("message", "x")),
    ] {
        let answer = import(&server, target, "k1", form);
        assert_eq!(answer.status, 422, "{target}");
        assert_eq!(answer.error(), "the idempotency key was used for another request");
    }
    let raw =
        Request::new("POST", JSON).body("application/octet-stream", geopackage::points("points", &["a"]));
    let raw = server.send(raw.header("Idempotency-Key", "k1"));
    assert_eq!(raw.status, 200, "the same file in another wrapping is the same request");
    assert_eq!(raw.json()["task"]["id"], 1);
    for key in ["", "a b", &"k".repeat(256)] {
        assert_eq!(import(&server, JSON, key, file("a")).status, 400, "{key}");
    }
    assert_eq!(import(&server, JSON, "k2", file("a")).json()["task"]["id"], 2);
    server.ended(2);
    wait_for_no_uploads(&server);
    server.stop();
}

#[test]
fn without_a_key_each_request_makes_its_own_task() {
    let server = server();
    assert_eq!((server.import("r", file("a")), server.import("r", file("a"))), (1, 2));
    server.ended(1);
    server.ended(2);
    server.stop();
}

#[test]
fn a_priority_is_one_of_three_words() {
    let server = server();
    let status = |word: &str| {
        let target = format!("{JSON}&priority={word}");
        server.send(Request::new("POST", &target).form(file("a"))).status
    };
    assert_eq!((status("low"), status("Normal"), status("HIGH")), (200, 200, 200));
    assert_eq!(status("urgent"), 400);
    for id in 1..=3 {
        server.ended(id);
    }
    server.stop();
}
