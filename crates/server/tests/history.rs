//! `GET /history` and `longhaul history`.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;

use harness::{Form, Request, Server, geopackage, server::longhaul};
use serde_json::Value;

fn file() -> Form {
    Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", &["a"]))
}

fn remembered(server: &Server, query: &str) -> Vec<Value> {
    server.get(&format!("/history.json{query}")).json()["response"]["task"].as_array().unwrap().clone()
}

fn ids(tasks: &[Value]) -> Vec<u64> {
    tasks.iter().map(|task| task["id"].as_u64().unwrap()).collect()
}

/// A server that has forgotten an import that finished (1) and one that failed (2), both into `city`, and one (3) into `town`.
fn forgetful(arguments: &[&str]) -> Server {
    let server = Server::start_with(arguments);
    for (name, count) in [("city", 2), ("town", 1)] {
        server.init(name);
        for _ in 0..count {
            let id = server.import(name, file());
            server.ended(id);
            server.get(&format!("/tasks/{id}?prune=true"));
        }
    }
    assert_eq!(server.get("/tasks.json").text(), r#"{"tasks":[]}"#);
    server
}

#[test]
fn tasks_that_are_not_kept_any_more_are_remembered_with_file_commit_and_cause() {
    let server = forgetful(&[]);
    let log = server.get("/repos/city/log.json").json();
    let all = remembered(&server, "");
    assert_eq!(ids(&all), [1, 2, 3]);
    let [finished, failed, _] = &all[..] else { panic!("{all:?}") };
    for (name, value) in [
        ("status", "FINISHED"),
        ("kind", "import-geopackage"),
        ("repository", "city"),
        ("file", "points.gpkg"),
        ("commit", log["response"]["commit"][0]["id"].as_str().unwrap()),
    ] {
        assert_eq!(finished[name], value, "{finished}");
    }
    assert!(
        finished["created"].is_string()
            && finished["started"].is_string()
            && finished["finished"].is_string()
    );
    assert_eq!((&failed["status"], &failed["commit"]), (&"FAILED".into(), &Value::Null));
    assert!(failed["error"].as_str().unwrap().starts_with("Nothing to commit"), "{failed}");
    let xml = server.get("/history.xml?status=FAILED").text();
    assert!(xml.starts_with("<?xml") && xml.contains("<task><id>2</id><status>FAILED</status>"), "{xml}");

    let folder = server.stop();
    let server = Server::start_in(folder, &[], |_| {});
    assert_eq!(remembered(&server, ""), all, "after a restart");
    server.stop();
}

#[test]
fn the_history_has_the_filters_and_pages_of_the_list_of_tasks() {
    let server = forgetful(&[]);
    for (query, expected) in [
        ("?status=FINISHED", vec![1, 3]),
        ("?repository=city", vec![1, 2]),
        ("?status=FINISHED,FAILED&repository=town", vec![3]),
        ("?kind=import-osm", vec![]),
        ("?since=2100-01-01T00:00:00Z", vec![]),
        ("?before=2100-01-01T00:00:00Z&after=1", vec![2, 3]),
        ("?limit=2", vec![1, 2]),
    ] {
        assert_eq!(ids(&remembered(&server, query)), expected, "{query}");
    }
    let page = server.get("/history.json?limit=2&repository=city");
    let link = page.header("link").unwrap();
    assert!(link.contains("/history.json?limit=2&repository=city&after=2>; rel=\"next\""), "{link}");
    assert_eq!(server.get("/history.json?status=DONE").status, 400);
    assert_eq!(server.send(Request::new("POST", "/history.json")).status, 405);
    server.stop();
}

#[test]
fn a_history_of_no_time_is_none_and_old_entries_go() {
    let server = forgetful(&["--keep-history", "0s"]);
    assert_eq!(remembered(&server, ""), Vec::<Value>::new());
    server.stop();
    let server = forgetful(&["--store", "memory"]);
    assert_eq!(remembered(&server, ""), Vec::<Value>::new());
    server.stop();

    let server = forgetful(&[]);
    let folder = server.stop();
    let server = Server::start_in(folder, &["--keep-history", "1ms"], |_| {});
    while !remembered(&server, "").is_empty() {
        std::thread::yield_now();
    }
    server.stop();
}

#[test]
fn a_token_for_some_repositories_sees_their_tasks() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens.toml");
    let token = |arguments: &[&str]| {
        let new =
            longhaul().args(["token", "new"]).args(arguments).arg("--file").arg(&tokens).output().unwrap();
        format!("Bearer {}", String::from_utf8(new.stdout).unwrap().trim())
    };
    let (all, town) =
        (token(&["ann", "--role", "admin"]), token(&["jo", "--role", "reader", "--repository", "town"]));
    let server = Server::start_with(&["--tokens", tokens.to_str().unwrap()]);
    let send = |request: Request, token: &str| server.send(request.header("Authorization", token));
    for name in ["city", "town"] {
        send(Request::new("PUT", &format!("/repos/{name}/init")), &all);
        let target = format!("/repos/{name}/import.json?format=gpkg");
        let import = Request::new("POST", &target).header("Prefer", "wait=60").form(file());
        assert_eq!(send(import, &all).json()["task"]["status"], "FINISHED");
    }
    let seen = |token: &str| {
        let response = send(Request::new("GET", "/history.json"), token).json();
        let tasks = response["response"]["task"].as_array().unwrap().clone();
        tasks.iter().map(|task| (task["repository"].clone(), task["owner"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(seen(&all), [("city".into(), "ann".into()), ("town".into(), "ann".into())]);
    assert_eq!(seen(&town), [("town".into(), "ann".into())]);
    assert_eq!(server.get("/history.json").status, 401);
    server.stop();
}

#[test]
fn the_command_line_shows_the_history() {
    let server = forgetful(&[]);
    let history = |arguments: &[&str]| {
        let url = format!("http://{}", server.address);
        let output = longhaul().args(["history", "--server", &url]).args(arguments).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = history(&["--repository", "city", "--since", "1h"]);
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 3, "{shown}");
    assert!(lines[1].contains("FINISHED") && lines[1].contains("points.gpkg: commit "), "{shown}");
    assert!(lines[2].contains("FAILED") && lines[2].contains("points.gpkg: Nothing to commit"), "{shown}");
    assert_eq!(history(&["--owner", "nobody"]), "The server remembers no such tasks.\n");
    let json: Value = serde_json::from_str(&history(&["--json"])).unwrap();
    assert_eq!(ids(json["response"]["task"].as_array().unwrap()), [1, 2, 3]);
    server.stop();
}
