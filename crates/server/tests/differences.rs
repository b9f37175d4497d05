//! What differs between commits, over HTTP.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;

use harness::{Form, Request, Server, geopackage};
use serde_json::{Value, json};

fn file(names: &[&str]) -> Form {
    Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", names))
}

/// A repository `r` with three commits of the layer `points`.
fn server() -> (Server, Vec<Value>) {
    let server = Server::start();
    server.init("r");
    let versions: [&[&str]; 3] = [&["a", "b", "c"], &["a", "x", "c", "d"], &["a"]];
    let results = versions.map(|names| server.import_to_the_end("r", file(names))["result"].clone());
    (server, results.to_vec())
}

#[test]
fn the_result_of_an_import_counts_what_it_changed_in_each_layer() {
    let (server, results) = server();
    let layers: Vec<_> = results.iter().map(|result| &result["layer"]).collect();
    let counts = |added, changed, deleted, unchanged| json!([{"path": "points", "added": added, "changed": changed, "deleted": deleted, "unchanged": unchanged}]);
    assert_eq!(layers, [&counts(3, 0, 0, 0), &counts(1, 1, 0, 2), &counts(0, 0, 3, 1)]);
    let members: Vec<_> = results[0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["commit", "layer"]);
    server.stop();
}

#[test]
fn differences_are_listed_in_the_form_of_geogig() {
    let (server, results) = server();
    let get = |query: &str| server.get(&format!("/repos/r/diff.json?{query}")).json()["response"].clone();
    let blob = |commit: usize, path: &str| {
        let commit = results[commit]["commit"]["id"].as_str().unwrap();
        let listed = server.get(&format!("/repos/r/ls-tree.json?path={commit}:{path}&verbose=true")).json();
        listed["response"]["node"][0]["objectId"].clone()
    };
    let nothing = "0".repeat(40);
    let changed = json!({"changeType": "MODIFIED", "newPath": "points/2", "newObjectId": blob(1, "points/2"),
        "path": "points/2", "oldObjectId": blob(0, "points/2")});
    let added = json!({"changeType": "ADDED", "newPath": "points/4", "newObjectId": blob(1, "points/4"),
        "path": "", "oldObjectId": nothing});
    let deleted = json!({"changeType": "REMOVED", "newPath": "", "newObjectId": nothing,
        "path": "points/4", "oldObjectId": blob(1, "points/4")});
    let second = "oldRefSpec=HEAD~2&newRefSpec=HEAD~1";
    assert_eq!(get(second), json!({"success": true, "diff": [changed, added]}));
    assert_eq!(
        get(&format!("{second}&show=1")),
        json!({"success": true, "diff": [changed], "nextPage": true})
    );
    assert_eq!(get(&format!("{second}&show=1&page=1")), json!({"success": true, "diff": [added]}));
    assert_eq!(get(&format!("{second}&pathFilter=points/4")), json!({"success": true, "diff": [added]}));
    assert_eq!(get(&format!("{second}&pathFilter=roads")), json!({"success": true, "diff": []}));
    assert_eq!(get("oldRefSpec=HEAD~1&pathFilter=points/4"), json!({"success": true, "diff": [deleted]}));
    assert_eq!(get("oldRefSpec=%5BEMPTY%5D&newRefSpec=HEAD~2")["diff"].as_array().unwrap().len(), 3);
    assert_eq!(
        get(&format!("{second}&showGeometryChanges=true")),
        json!({"success": true, "Feature": [
            {"change": "MODIFIED", "id": "points/2", "geometry": ["POINT (1 0)"], "crs": "EPSG:4326"},
            {"change": "ADDED", "id": "points/4", "geometry": ["POINT (3 0)"], "crs": "EPSG:4326"},
        ]})
    );
    let xml = server.get(&format!("/repos/r/diff.xml?{second}&show=1")).text();
    assert!(xml.contains("<diff><changeType>MODIFIED</changeType><newPath>points/2</newPath>"), "{xml}");
    for (query, status, message) in [
        ("", 500, "Required parameter 'oldRefSpec' was not provided."),
        ("oldRefSpec=none", 400, "Object not found 'none'"),
        ("oldRefSpec=HEAD&newRefSpec=none", 400, "Object not found 'none'"),
    ] {
        let answer = server.get(&format!("/repos/r/diff.json?{query}"));
        assert_eq!((answer.status, answer.error().as_str()), (status, message));
    }
    server.stop();
}

#[test]
fn differences_are_sent_as_karts_json_lines_on_request() {
    let (server, _) = server();
    let request = Request::new("GET", "/repos/r/diff?oldRefSpec=HEAD~2&newRefSpec=HEAD~1");
    let answer = server.send(request.header("Accept", "application/x-ndjson"));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/x-ndjson")));
    let text = answer.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[1], r#"{"type":"datasetInfo","path":"points","value":{"type":"table","version":3}}"#);
    assert!(lines[2].starts_with(r#"{"type":"metaInfo","dataset":"points","key":"schema.json","value":[{"#));
    assert_eq!(
        lines[3..],
        [
            r#"{"type":"feature","dataset":"points","change":{"-":{"fid":2,"geom":"0101000000000000000000F03F0000000000000000","name":"b"},"+":{"fid":2,"geom":"0101000000000000000000F03F0000000000000000","name":"x"}}}"#,
            r#"{"type":"feature","dataset":"points","change":{"+":{"fid":4,"geom":"010100000000000000000008400000000000000000","name":"d"}}}"#,
        ]
    );
    server.stop();
}

#[test]
fn a_log_counts_the_changes_of_each_commit_on_request() {
    let (server, results) = server();
    let counts = |query: &str| {
        let log = server.get(&format!("/repos/r/log.json?countChanges=true{query}")).json();
        let commits = log["response"]["commit"].as_array().unwrap().clone();
        let number = |commit: &Value, name: &str| commit[name].as_u64().unwrap();
        let counts =
            commits.iter().map(|commit| ["adds", "modifies", "removes"].map(|name| number(commit, name)));
        counts.collect::<Vec<_>>()
    };
    assert_eq!(counts(""), [[0, 0, 3], [1, 1, 0], [3, 0, 0]]);
    assert_eq!(counts("&path=points"), [[0, 0, 3], [1, 1, 0], [3, 0, 0]]);
    assert_eq!(counts("&path=points/4"), [[0, 0, 1], [1, 0, 0]]);
    // As the commits of another program, whose counts are not known before.
    std::fs::remove_file(server.data("repos/r.git/longhaul-changes-1")).unwrap();
    assert_eq!(counts("&show=2"), [[0, 0, 3], [1, 1, 0]]);
    let log = server.get("/repos/r/log.json?countChanges=true&limit=1").json();
    let mut commit = results[2]["commit"].clone();
    commit.as_object_mut().unwrap().extend([
        ("adds".into(), 0.into()),
        ("modifies".into(), 0.into()),
        ("removes".into(), 3.into()),
    ]);
    assert_eq!(log["response"]["commit"], json!([commit]));
    server.stop();
}
