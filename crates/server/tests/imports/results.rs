//! What an import answers and commits.

use crate::{
    file,
    harness::{Form, Request, geopackage, git},
    post, server, wait_for_uploads,
};

#[test]
fn an_upload_becomes_a_commit_and_leaves_no_file() {
    let server = server(&[]);
    let form =
        file().text("message", "Two points").text("authorName", "Jo").text("authorEmail", "jo@example.org");
    let task = server.import_to_the_end("r", form);
    let commit = &task["result"]["commit"];
    let repository = server.data("repos/r.git");
    assert_eq!(git(&repository, &["rev-parse", "master"]), commit["id"].as_str().unwrap());
    assert_eq!(git(&repository, &["rev-parse", "master^{tree}"]), commit["tree"].as_str().unwrap());
    assert_eq!(git(&repository, &["log", "-1", "--format=%an <%ae> %B"]), "Jo <jo@example.org> Two points");
    assert_eq!(
        git(&repository, &["ls-tree", "-r", "--name-only", "master", "points/.table-dataset/feature"])
            .lines()
            .count(),
        2
    );
    assert_eq!(git(&repository, &["fsck", "--strict", "--full"]), "");
    wait_for_uploads(&server, 0);
    server.stop();
}

#[test]
fn an_import_without_a_file_is_a_task_that_fails() {
    let server = server(&[]);
    let bare = || Request::new("POST", "/repos/r/import.json?format=gpkg");
    let in_another_field = Form::default().file("file", "points.gpkg", &vec![0; 1 << 20]);
    for request in [
        bare(),
        bare().form(Form::default().text("layer", "x")),
        bare().form(in_another_field),
        bare().body("text/plain", "a file?"),
    ] {
        let answer = server.send(request);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let task = server.ended(answer.json()["task"]["id"].as_u64().unwrap());
        assert_eq!(task["status"], "FAILED");
        let message = "Request must specify one and only one fileUpload in the request body";
        assert_eq!(task["error"]["message"], message);
    }
    wait_for_uploads(&server, 0);
    server.stop();
}

#[test]
fn the_response_is_the_task_with_202_for_prefer_respond_async() {
    let server = server(&[]);
    let answer = server.send(post("/repos/r/import?format=gpkg", file()));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/xml;charset=UTF-8")));
    assert!(answer.text().contains("<task><id>1</id>"), "{}", answer.text());
    assert!(answer.text().contains("<description>Importing GeoPackage database file.</description>"));
    let answer =
        server.send(post("/repos/r/import.json?format=gpkg", file()).header("Prefer", "respond-async"));
    assert_eq!(answer.status, 202);
    let location = format!("http://{}/tasks/2.json", server.address);
    assert_eq!(answer.header("location"), Some(location.as_str()));
    server.ended(1);
    server.ended(2);
    server.stop();
}

#[test]
fn with_prefer_wait_the_response_has_the_commit() {
    let server = server(&[]);
    let import = post("/repos/r/import.json?format=gpkg", file()).header("Prefer", "respond-async, wait=60");
    let answer = server.send(import);
    assert_eq!((answer.status, answer.header("preference-applied")), (200, Some("wait=60")));
    let task = answer.json()["task"].clone();
    assert_eq!(task["status"], "FINISHED");
    let commit = task["result"]["commit"]["id"].as_str().unwrap();
    assert_eq!(git(&server.data("repos/r.git"), &["rev-parse", "master"]), commit);
    server.stop();
}

#[test]
fn the_body_may_be_the_file_itself() {
    let server = server(&[]);
    let bytes = geopackage::points("points", &["a"]);
    let request = Request::new("POST", "/repos/r/import.json?format=gpkg")
        .body("application/geopackage+sqlite3", bytes);
    let task = server.ended(server.send(request).json()["task"]["id"].as_u64().unwrap());
    assert_eq!(task["status"], "FINISHED", "{task}");
    server.stop();
}

#[test]
fn a_repeated_import_has_nothing_to_commit() {
    let server = server(&[]);
    let first = server.import_to_the_end("r", file());
    let again = server.ended(server.import("r", file()));
    assert_eq!(again["status"], "FAILED");
    let head = first["result"]["commit"]["id"].as_str().unwrap();
    assert_eq!(again["error"]["message"], format!("Nothing to commit after {head}"));
    server.stop();
}

#[test]
fn a_file_that_is_not_a_geopackage_fails_and_commits_nothing() {
    let server = server(&[]);
    let task =
        server.ended(server.import("r", Form::default().file("fileUpload", "x/y\\noise.gpkg", &[7; 5000])));
    assert_eq!(task["status"], "FAILED");
    let error = task["error"].to_string();
    assert!(error.contains("noise.gpkg"), "{error}");
    assert!(!error.contains("uploads") && !error.contains("x/y"), "{error}");
    assert_eq!(git(&server.data("repos/r.git"), &["branch", "--all"]), "");
    wait_for_uploads(&server, 0);
    server.stop_and_read_log();
}
