//! Downloads and imports of OpenStreetMap data over HTTP.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../harness/mod.rs"]
mod harness;
#[path = "../../../osm/tests/mock_server/mod.rs"]
mod mock_server;

mod downloads;
mod imports;

use harness::{Response, Server};
use mock_server::MockServer;

pub(crate) const NODES: &str = "<node id=\"1\" lat=\"1.5\" lon=\"2.5\" version=\"1\" timestamp=\"2016-03-18T08:20:37Z\" \
    changeset=\"17\" uid=\"7\" user=\"Jo\"><tag k=\"shop\" v=\"yes\"/></node>";
pub(crate) const SHOPS: &str = r#"{"rules": [{"name": "shops", "filter": {"shop": []}, "fields": {"shop": {"name": "open",
    "type": "BOOLEAN"}, "at": {"name": "at", "type": "POINT"}}}]}"#;
pub(crate) const USAGE: &str = "\nUsage: GET <repo context>/osm/";

/// A server with an empty repository `r`, which downloads from `overpass`.
pub(crate) fn server(overpass: &MockServer, more: &[&str]) -> Server {
    let url = overpass.url();
    let arguments = [&["--overpass", &url, "--user-agent", "longhaul-tests/1.0"], more].concat();
    let server = Server::start_with(&arguments);
    server.init("r");
    server
}

/// A server without an Overpass server.
pub(crate) fn server_without_overpass(more: &[&str]) -> Server {
    let server = Server::start_with(more);
    server.init("r");
    server
}

pub(crate) fn id(answer: &Response) -> u64 {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["task"]["id"].as_u64().unwrap()
}

pub(crate) fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The message of a plain-text error, before its usage text.
#[track_caller]
pub(crate) fn error_message(answer: &Response) -> String {
    assert_eq!((answer.status, answer.header("content-type")), (400, Some("text/plain;charset=UTF-8")));
    let text = answer.text();
    let (message, _) = text.split_once(USAGE).unwrap_or_else(|| panic!("{text}"));
    message.to_owned()
}
