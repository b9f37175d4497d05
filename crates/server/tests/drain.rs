//! `longhaul drain` and `POST /admin/drain`.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Command, Stdio},
};

use harness::{Form, Request, Server, geopackage, server::longhaul};

fn file() -> Form {
    Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", &["a"]))
}

fn drain(server: &Server) -> Command {
    let mut command = longhaul();
    command.args(["drain", "--server", &format!("http://{}", server.address)]);
    command
}

#[test]
fn a_drained_server_takes_no_new_tasks_until_that_is_undone() {
    let server = Server::start();
    server.init("r");
    let drained = server.send(Request::new("POST", "/admin/drain.json"));
    assert_eq!(drained.text(), r#"{"response":{"success":true,"draining":true,"waiting":0,"running":0}}"#);
    let refused = server.send(Request::new("POST", "/repos/r/import.json?format=gpkg").form(file()));
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    assert_eq!(refused.error(), "the server is drained: it takes no new tasks");
    for target in ["/repos/r/osm/download.json?bbox=1,2,3,4", "/repos/r/export.json?format=gpkg", "/readyz"] {
        assert_eq!(server.get(target).status, 503, "{target}");
    }
    assert_eq!(server.get("/repos/r.json").status, 200);
    assert_eq!(server.get("/admin/drain.json").json()["response"]["draining"], true);

    assert!(drain(&server).arg("--undo").status().unwrap().success());
    server.import_to_the_end("r", file());
    server.stop();
}

#[test]
fn drain_waits_for_the_tasks_that_were_accepted() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let overpass = format!("http://{}/api/interpreter", mute.local_addr().unwrap());
    let server = Server::start_with(&["--overpass", &overpass, "--user-agent", "longhaul-tests/1.0"]);
    server.init("r");
    let download =
        server.get("/repos/r/osm/download.json?bbox=1,2,3,4").json()["task"]["id"].as_u64().unwrap();
    let mut waiting = drain(&server).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(waiting.stderr.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "Tasks that have not ended: 1\n");
    assert_eq!(waiting.try_wait().unwrap(), None);
    server.get(&format!("/tasks/{download}?cancel=true"));
    let output = waiting.wait_with_output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "The server takes no new tasks; 0 wait and 0 run\n");
    server.stop();
}

#[test]
fn only_admins_drain_a_server() {
    let tokens = tempfile::NamedTempFile::new().unwrap();
    let path = tokens.path().to_str().unwrap().to_owned();
    std::fs::remove_file(&path).unwrap();
    let new = longhaul().args(["token", "new", "w", "--role", "writer", "--file", &path]).output().unwrap();
    let token = String::from_utf8(new.stdout).unwrap();
    let server = Server::start_with(&["--tokens", &path]);
    for method in ["GET", "POST", "DELETE"] {
        let request = Request::new(method, "/admin/drain.json");
        let refused = server.send(request.header("Authorization", &format!("Bearer {}", token.trim())));
        assert_eq!(refused.status, 403, "{method}");
        assert_eq!(server.send(Request::new(method, "/admin/drain.json")).status, 401, "{method}");
    }
    server.stop();
}
