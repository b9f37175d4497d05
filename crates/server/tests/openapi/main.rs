//! The OpenAPI document and the routes say the same.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../harness/mod.rs"]
mod harness;

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Stdio},
};

use harness::{Request, Server};
use serde_json::Value;

/// The sources of the routes.
const ROUTES: [&str; 4] = [
    include_str!("../../src/web/routes.rs"),
    include_str!("../../src/web/ogc/mod.rs"),
    include_str!("../../src/web/files/mod.rs"),
    include_str!("../../../tasks-web/src/tasks_web.rs"),
];

fn document(server: &Server) -> Value {
    let response = server.get("/openapi.json");
    assert_eq!((response.status, response.header("content-type")), (200, Some("application/json")));
    response.json()
}

fn operations(document: &Value) -> Vec<(String, BTreeSet<String>)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let methods =
        |item: &Value| item.as_object().unwrap().keys().map(|method| method.to_ascii_uppercase()).collect();
    paths.map(|(path, item)| (path.clone(), methods(item))).collect()
}

/// The path with something in the place of each parameter.
fn filled(path: &str) -> String {
    let name = if path.contains("git-") || path.ends_with("info/refs") { "city.git" } else { "city" };
    let id = if path.starts_with("/tasks") { "1" } else { "p" };
    let values =
        [("{name}", name), ("{revision}", "HEAD"), ("{id}", id), ("{key}", "1"), ("{file}", "p.csv")];
    let path = values.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value));
    path.replace("{z}/{x}/{y}", "0/0/0.mvt")
}

#[test]
fn each_documented_path_has_the_documented_methods() {
    let server = Server::start();
    for (path, documented) in operations(&document(&server)) {
        let options = server.send(Request::new("OPTIONS", &filled(&path)));
        assert_eq!(options.status, 204, "{path}");
        let allowed: BTreeSet<String> = options
            .header("allow")
            .unwrap()
            .split(", ")
            .filter(|method| !matches!(*method, "HEAD" | "OPTIONS"))
            .map(str::to_owned)
            .collect();
        assert_eq!(allowed, documented, "{path}");
    }
    server.stop();
}

#[test]
fn each_route_is_documented() {
    let server = Server::start();
    let documented: BTreeSet<String> =
        operations(&document(&server)).into_iter().map(|(path, _)| path).collect();
    let mut routes = BTreeSet::new();
    for source in ROUTES {
        for call in source.split("route(").skip(1) {
            let Some(literal) =
                call.split('"').nth(1).filter(|text| text.starts_with('/') || text.starts_with("{prefix}"))
            else {
                continue;
            };
            let path = literal.replace("{prefix}", "").replace("{{*file}}", "{file}");
            let is_below = call.trim_start().starts_with("&path(") || literal.starts_with("{prefix}");
            match is_below {
                true => routes.extend(
                    ["/repos/{name}", "/repos/{name}/at/{revision}"].map(|prefix| format!("{prefix}{path}")),
                ),
                false => _ = routes.insert(path),
            }
        }
    }
    // What is no command gets an error, and the suffix is taken off before routes are matched.
    for other in ["/repos/{name}/{command}", "/repos/{name}/{group}/{command}", "/openapi"] {
        assert!(routes.remove(other), "{other}");
    }
    let missing: Vec<_> = routes.difference(&documented).collect();
    assert!(missing.is_empty() && routes.len() > 40, "{missing:?} of {routes:?}");
    server.stop();
}

#[test]
fn every_reference_in_the_document_leads_somewhere_and_names_are_unique() {
    let server = Server::start();
    let document = document(&server);
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
    }
    let items =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let ids: Vec<_> = items.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    assert_eq!(document["openapi"], "3.1.0");
    server.stop();
}

/// Sends what the document permits and what it does not, and compares the answers with it.
#[test]
fn schemathesis_finds_the_server_as_the_document_describes_it() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let program = project.join("target/python-clients/bin/schemathesis");
    if !program.is_file() {
        println!("LEFT OUT: schemathesis is not there; 'cargo xtask test' installs it");
        return;
    }
    // Nothing listens there, so downloads fail at once.
    let server = Server::start_with(&["--overpass", "http://127.0.0.1:9/"]);
    server.init("city");
    let folder = tempfile::tempdir().unwrap();
    let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openapi/schemathesis.toml");
    let output = Command::new(program)
        .arg("--config-file")
        .arg(configuration)
        .args(["run", &format!("http://{}/openapi.json", server.address)])
        .args(["--exclude-path-regex", "events$|git-|info/refs", "--phases", "examples,coverage"])
        .args(["--seed", "1", "--request-timeout", "30", "-H", "Accept: application/json"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    server.stop_and_read_log();
}
