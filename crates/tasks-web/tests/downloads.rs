//! The files that tasks made.

mod harness;

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use harness::{Harness, get};
use tower::ServiceExt as _;

const GEOPACKAGE: &str = "application/octet-stream;type=geopackage";

#[tokio::test]
async fn a_file_comes_with_its_type_and_length_again_and_again() {
    let harness = Harness::open();
    harness.filmed(GEOPACKAGE, "twenty-four pictures").await;
    let router = harness.app();
    for uri in ["/tasks/1/download", "/tasks/1/download.json"] {
        let answer = get(&router, uri).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), GEOPACKAGE);
        assert_eq!(answer.header("content-length"), "20");
        assert_eq!(answer.header("content-disposition"), "");
        assert_eq!(answer.body, "twenty-four pictures");
    }
    let task = get(&router, "/tasks/1.json").await.json();
    assert_eq!(task["task"]["result"]["href"], "http://localhost:8182/tasks/1/download");
    assert_eq!(task["task"]["result"]["atom:link"]["href"], "http://localhost:8182/tasks/1/download");
}

#[tokio::test]
async fn a_download_that_has_begun_is_complete_though_the_task_is_pruned() {
    let harness = Harness::open();
    let film = "pictures ".repeat(100_000);
    harness.filmed("video/mp4", &film).await;
    let router = harness.app();
    let request = Request::get("/tasks/1/download").body(Body::empty()).expect("a request");
    let begun = router.clone().oneshot(request).await.expect("a response");
    assert_eq!(get(&router, "/tasks/1?prune=true").await.status, StatusCode::OK);
    let body = to_bytes(begun.into_body(), usize::MAX).await.expect("a whole body");
    assert!(body == film, "{} bytes of {}", body.len(), film.len());
    assert_eq!(get(&router, "/tasks/1/download").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_cannot_be_downloaded_is_explained() {
    let harness = Harness::open();
    harness.running().await;
    harness.waiting().await;
    harness.failed().await;
    harness.said("hello").await;
    harness.filmed("text/xml", "<film/>").await;
    let router = harness.app();
    std::fs::remove_dir_all(harness.folder.path().join("5")).expect("the file's folder");
    for (id, status, error) in [
        ("1", 417, "Task is not yet finished: RUNNING"),
        ("2", 417, "Task is not yet finished: WAITING"),
        ("3", 500, "Error getting command result: failing as asked"),
        ("4", 400, "Task result is not a file"),
        ("5", 400, "Result file does not exist or is not accessible"),
        ("6", 404, "Task not found: 6"),
        ("x", 404, "Task not found: x"),
    ] {
        let answer = get(&router, &format!("/tasks/{id}/download.json")).await;
        assert_eq!(answer.status.as_u16(), status, "{id}");
        assert_eq!(answer.json()["response"]["error"], error, "{id}");
        let answer = get(&router, &format!("/tasks/{id}/download")).await;
        assert!(answer.body.starts_with("<?xml") && answer.body.contains(error), "{id}");
    }
    assert_eq!(get(&router, "/tasks/2.json?cancel=true").await.task_status(), "CANCELLED");
    assert_eq!(get(&router, "/tasks/2/download").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_media_type_that_no_header_can_carry_becomes_plain_bytes() {
    let harness = Harness::open();
    harness.filmed("text/\r\nSet-Cookie: a=b", "film").await;
    let answer = get(&harness.app(), "/tasks/1/download").await;
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(answer.header("set-cookie"), "");
}
