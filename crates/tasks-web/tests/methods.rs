//! What each method does, and what it does not.

mod harness;

use axum::http::{Method, StatusCode};
use harness::{Harness, get, send};

const NO_HEADERS: &[(&str, &str)] = &[];

#[tokio::test]
async fn head_says_what_get_would_without_the_body() {
    let harness = Harness::open();
    harness.filmed("text/xml", "<film/>").await;
    let router = harness.app();
    for uri in ["/tasks", "/tasks/1.json", "/tasks/1/download", "/tasks/7", "/tasks/7/download.json"] {
        let full = send(&router, Method::GET, uri, NO_HEADERS).await;
        let head = send(&router, Method::HEAD, uri, NO_HEADERS).await;
        assert_eq!((head.status, &head.headers), (full.status, &full.headers), "{uri}");
        assert_eq!(head.header("content-length"), full.body.len().to_string(), "{uri}");
        assert_eq!(head.body, "", "{uri}");
    }
}

#[tokio::test]
async fn head_changes_nothing() {
    let harness = Harness::open();
    harness.said("hello").await;
    harness.running().await;
    let router = harness.app();
    for id in [1, 2] {
        let uri = format!("/tasks/{id}?cancel=true&prune=true");
        assert_eq!(send(&router, Method::HEAD, &uri, NO_HEADERS).await.status, StatusCode::OK);
    }
    assert_eq!(get(&router, "/tasks/1.json").await.task_status(), "FINISHED");
    assert_eq!(get(&router, "/tasks/2.json").await.task_status(), "RUNNING");
}

#[tokio::test]
async fn options_name_the_methods() {
    let router = Harness::open().app();
    for (uri, allow) in [
        ("/tasks", "GET, HEAD, OPTIONS"),
        ("/tasks.json", "GET, HEAD, OPTIONS"),
        ("/tasks/1", "GET, HEAD, DELETE, OPTIONS"),
        ("/tasks/1/download", "GET, HEAD, OPTIONS"),
    ] {
        let answer = send(&router, Method::OPTIONS, uri, NO_HEADERS).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{uri}");
        assert_eq!((answer.header("allow"), answer.body.as_str()), (allow, ""), "{uri}");
    }
}

#[tokio::test]
async fn other_methods_are_refused_with_those_that_are_allowed() {
    let router = Harness::open().app();
    let refused = [
        (Method::POST, "/tasks", "GET, HEAD, OPTIONS"),
        (Method::DELETE, "/tasks/", "GET, HEAD, OPTIONS"),
        (Method::POST, "/tasks/1", "GET, HEAD, DELETE, OPTIONS"),
        (Method::PUT, "/tasks/1.json", "GET, HEAD, DELETE, OPTIONS"),
        (Method::PATCH, "/tasks/1", "GET, HEAD, DELETE, OPTIONS"),
        (Method::DELETE, "/tasks/1/download", "GET, HEAD, OPTIONS"),
    ];
    for (method, uri, allow) in refused {
        let answer = send(&router, method, uri, &[("accept", "application/json")]).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{uri}");
        assert_eq!(answer.header("allow"), allow, "{uri}");
        if !uri.ends_with(".xml") {
            assert_eq!(
                answer.json()["response"]["error"],
                "The request method is unsupported for this operation."
            );
        }
    }
}
