//! The files that tasks made.

mod harness;

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode},
};
use harness::{Answer, App, Harness, get, send};
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
        ("3", 404, "Error getting command result: failing as asked"),
        ("4", 404, "Task result is not a file"),
        ("5", 404, "Result file does not exist or is not accessible"),
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
    assert_eq!(get(&router, "/tasks/2/download").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_media_type_that_no_header_can_carry_becomes_plain_bytes() {
    let harness = Harness::open();
    harness.filmed("text/\r\nSet-Cookie: a=b", "film").await;
    let answer = get(&harness.app(), "/tasks/1/download").await;
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(answer.header("set-cookie"), "");
}

async fn film_with(router: &App, headers: &[(&str, &str)]) -> Answer {
    send(router, Method::GET, "/tasks/1/download", headers).await
}

#[tokio::test]
async fn a_range_is_sent_only_of_the_version_that_the_client_has() {
    let harness = Harness::open();
    harness.filmed("video/mp4", "twenty-four pictures").await;
    let router = harness.app();
    let tag = get(&router, "/tasks/1/download").await.header("etag").to_owned();
    assert!(tag.starts_with("\"1-14-"), "{tag}");
    for (range, status, content_range, body) in [
        ("bytes=0-5", 206, "bytes 0-5/20", "twenty"),
        ("bytes=12-", 206, "bytes 12-19/20", "pictures"),
        ("bytes=-8", 206, "bytes 12-19/20", "pictures"),
        ("bytes=12-99", 206, "bytes 12-19/20", "pictures"),
        ("bytes=20-", 416, "bytes */20", ""),
        // Several ranges, another unit, and what is no range.
        ("bytes=0-1,4-5", 200, "", "twenty-four pictures"),
        ("lines=0-1", 200, "", "twenty-four pictures"),
        ("bytes=5-1", 200, "", "twenty-four pictures"),
        ("bytes=a", 200, "", "twenty-four pictures"),
    ] {
        let answer = film_with(&router, &[("range", range), ("if-range", &tag)]).await;
        assert_eq!(answer.status, status, "{range}");
        assert_eq!((answer.header("content-range"), answer.body.as_str()), (content_range, body), "{range}");
        assert_eq!(answer.header("etag"), tag, "{range}");
    }
    for if_range in [None, Some("\"other\""), Some("Sat, 29 Oct 1994 19:43:31 GMT")] {
        let if_range = if_range.map(|value| ("if-range", value));
        let headers: Vec<_> = [("range", "bytes=0-5")].into_iter().chain(if_range).collect();
        let answer = film_with(&router, &headers).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "twenty-four pictures"));
    }
}

#[tokio::test]
async fn a_client_that_has_the_file_gets_no_body() {
    let harness = Harness::open();
    harness.filmed("video/mp4", "twenty-four pictures").await;
    let router = harness.app();
    let tag = get(&router, "/tasks/1/download").await.header("etag").to_owned();
    let answer =
        film_with(&router, &[("if-none-match", &tag), ("range", "bytes=0-5"), ("if-range", &tag)]).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(answer.header("etag"), tag);
    let head =
        send(&router, Method::HEAD, "/tasks/1/download", &[("range", "bytes=0-5"), ("if-range", &tag)]).await;
    assert_eq!((head.status, head.header("content-length"), head.body.as_str()), (StatusCode::OK, "20", ""));
}
