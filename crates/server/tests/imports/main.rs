//! Imports over HTTP.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../harness/mod.rs"]
mod harness;

mod bodies;
mod parameters;
mod results;

use harness::{Form, Request, Server, geopackage, names_in};

fn post(target: &str, form: Form) -> Request {
    Request::new("POST", target).form(form)
}

fn file() -> Form {
    Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", &["a", "b"]))
}

/// A server with an empty repository `r`.
fn server(arguments: &[&str]) -> Server {
    let server = Server::start_with(arguments);
    server.init("r");
    server
}

/// Checks that a request made no task and left no file.
fn assert_nothing_is_left(server: &Server) {
    assert_eq!(server.get("/tasks.json").text(), r#"{"tasks":[]}"#);
    wait_for_uploads(server, 0);
}

/// Files are removed in the background after the response.
fn wait_for_uploads(server: &Server, count: usize) {
    while names_in(&server.data("uploads")).len() != count {
        std::thread::yield_now();
    }
}
