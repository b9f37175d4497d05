//! Which files there are.

use crate::{
    harness::{Request, Server, git},
    setup::{commit, import, server},
};

#[test]
fn a_layer_in_a_folder_and_a_branch_with_a_slash_are_found() {
    let server = server(&[]);
    import(&server, "town/streets", &["a"]);
    git(&server.data("repos/r.git"), &["branch", "surveys/2026"]);
    for target in [
        "/repos/r/files/town/streets.gpkg",
        "/repos/r/files/town%2Fstreets.gpkg",
        "/repos/r/at/surveys%2F2026/files/town/streets.gpkg",
        "/repos/r/at/surveys%2F2026/files.gpkg",
        "/repos/r/files.gpkg",
    ] {
        let answer = server.get(target);
        assert_eq!(answer.status, 200, "{target}: {}", String::from_utf8_lossy(&answer.body));
        let name = if target.ends_with("files.gpkg") { "r.gpkg" } else { "town__streets.gpkg" };
        let disposition = answer.header("content-disposition").unwrap();
        assert!(disposition.contains(&format!("filename=\"{name}\"")), "{disposition}");
    }
    server.stop();
}

#[test]
fn what_is_no_file_is_explained() {
    let server = server(&[]);
    server.init("empty");
    for (target, error) in [
        ("/repos/r/files/rivers.gpkg", "There is no layer 'rivers' in HEAD."),
        ("/repos/r/at/master/files/rivers.gpkg", "There is no layer 'rivers' in master."),
        ("/repos/empty/files.gpkg", "There are no layers in HEAD."),
        ("/repos/empty/files/points.gpkg", "There is no layer 'points' in HEAD."),
        ("/repos/r/at/never/files.gpkg", "There is no version 'never'."),
        ("/repos/none/files.gpkg", "Repository not found."),
    ] {
        let answer = server.send(Request::new("GET", target).header("Accept", "application/json"));
        assert_eq!((answer.status, answer.error().as_str()), (404, error), "{target}");
    }
    for target in ["/repos/r/files/points.shp", "/repos/r/files/points", "/repos/r/files/..%2Fpoints.gpkg"] {
        let answer = server.send(Request::new("GET", target).header("Accept", "application/json"));
        assert_eq!(answer.status, 404, "{target}");
        assert!(
            answer.error().ends_with(
                "Files are named LAYER.gpkg, LAYER.fgb, LAYER.geojson, LAYER.geojsonl, LAYER.csv."
            )
        );
    }
    let change = server.send(Request::new("POST", "/repos/r/files.gpkg"));
    assert_eq!((change.status, change.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    server.stop();
}

#[test]
fn text_formats_are_sent_while_they_are_written_and_not_kept() {
    let server = server(&[]);
    let target = format!("/repos/r/at/{}/files/points.geojson", commit(&server));
    let answer = server.get(&target);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/geo+json")));
    assert_eq!(answer.json()["features"].as_array().unwrap().len(), 2);
    assert_eq!(answer.header("content-length"), None);
    let csv = server.get("/repos/r/files/points.csv").text();
    assert_eq!(csv.lines().count(), 3, "{csv}");
    let head = server.send(Request::new("HEAD", &target));
    assert_eq!((head.status, head.header("content-type")), (200, Some("application/geo+json")));
    assert_eq!(crate::caching::cached(&server), 0);
    server.stop();
}

#[test]
fn a_client_that_does_not_want_to_wait_gets_a_task() {
    let server = Server::start();
    server.init("r");
    import(&server, "points", &["a", "b"]);
    let asks = |method| Request::new(method, "/repos/r/files/points.gpkg").header("Prefer", "respond-async");
    let accepted = server.send(asks("GET").header("Accept", "application/json"));
    // The task may have ended before the response.
    assert!(matches!(accepted.status, 200 | 202), "{}", accepted.text());
    let id = accepted.json()["task"]["id"].as_u64().unwrap();
    assert_eq!(server.ended(id)["status"], "FINISHED");
    let exported = server.get(&format!("/tasks/{id}/download")).body;
    assert_eq!(crate::caching::cached(&server), 0);

    // A HEAD submits nothing, but waits.
    let tasks = server.get("/tasks.json").text();
    assert_eq!(server.send(asks("HEAD")).status, 200);
    assert_eq!(server.get("/tasks.json").text(), tasks);
    // Now the file is there.
    let file = server.send(asks("GET"));
    assert_eq!((file.status, file.body == exported), (200, true));
    server.stop();
}
