//! The commands for OpenStreetMap over HTTP.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../../../osm/tests/replay/mod.rs"]
mod replay;
#[path = "../support/mod.rs"]
mod support;

mod downloads;
mod imports;

use replay::Replay;
use support::{Response, Server};

const NODES: &str = "<node id=\"1\" lat=\"1.5\" lon=\"2.5\" version=\"1\" timestamp=\"2016-03-18T08:20:37Z\" \
    changeset=\"17\" uid=\"7\" user=\"Jo\"><tag k=\"shop\" v=\"yes\"/></node>";
const SHOPS: &str = r#"{"rules": [{"name": "shops", "filter": {"shop": []}, "fields": {"shop": {"name": "open",
    "type": "BOOLEAN"}, "at": {"name": "at", "type": "POINT"}}}]}"#;
const USAGE: &str = "\nUsage: GET <repo context>/osm/";

/// A server with an empty repository `r`, which downloads from `overpass`.
fn server(overpass: &Replay, more: &[&str]) -> Server {
    let url = overpass.url();
    let arguments = [&["--overpass", &url, "--user-agent", "longhaul-tests/1.0"], more].concat();
    let server = Server::start_with(&arguments);
    server.init("r");
    server
}

/// A server that asks nobody.
fn lonely(more: &[&str]) -> Server {
    let server = Server::start_with(more);
    server.init("r");
    server
}

fn id(answer: &Response) -> u64 {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["task"]["id"].as_u64().unwrap()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// What a refusal in plain text says before it says how to ask.
#[track_caller]
fn complaint(answer: &Response) -> String {
    assert_eq!((answer.status, answer.header("content-type")), (400, Some("text/plain;charset=UTF-8")));
    let text = answer.text();
    let (complaint, _) = text.split_once(USAGE).unwrap_or_else(|| panic!("{text}"));
    complaint.to_owned()
}

#[test]
fn settings_that_make_no_sense_keep_the_server_from_starting() {
    for (arguments, words) in [
        (["--overpass", "overpass-api.de"], "is no address of an Overpass server"),
        (["--user-agent", "a\u{7}b"], "cannot be sent as a User-Agent"),
        (["--import-root", "/nothing/here"], "--import-root /nothing/here"),
        (["--osm-node-memory", "much"], "is no size"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = support::server::longhaul();
        let output = command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path())
            .args(arguments)
            .output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(words), "{said}");
    }
}
