//! The app's own rule about who may see and touch what.

mod harness;

use axum::http::{Method, StatusCode, request::Parts};
use harness::{App, Harness, app, get, send};
use longhaul_tasks::Task;
use longhaul_tasks_web::Permit;

/// The director touches everything, the crew sees everything, a guest what has ended, others nothing.
fn by_role(request: &Parts, task: &Task) -> Permit {
    match request.headers.get("role").map(|role| role.as_bytes()) {
        Some(b"director") => Permit::Touch,
        Some(b"crew") => Permit::See,
        Some(b"guest") if task.status.has_ended() => Permit::See,
        _ => Permit::Nothing,
    }
}

async fn as_role(router: &App, role: &str, method: Method, uri: &str) -> harness::Answer {
    send(router, method, uri, &[("role", role), ("accept", "application/json")]).await
}

#[tokio::test]
async fn what_one_may_not_see_is_as_if_it_never_was() {
    let harness = Harness::open();
    harness.filmed("text/xml", "<film/>").await;
    harness.running().await;
    let router = app(harness.web().access(by_role).router());
    for uri in ["/tasks/2", "/tasks/2/download", "/tasks/2?cancel=true", "/tasks/2?prune=true"] {
        let hidden = as_role(&router, "guest", Method::GET, uri).await;
        let unknown = as_role(&router, "guest", Method::GET, &uri.replace('2', "9")).await;
        assert_eq!((hidden.status, unknown.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
        assert_eq!(hidden.body, unknown.body.replace('9', "2"));
    }
    assert_eq!(as_role(&router, "guest", Method::DELETE, "/tasks/2").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        as_role(&router, "nobody", Method::GET, "/tasks/1/download").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(as_role(&router, "guest", Method::GET, "/tasks/1/download").await.status, StatusCode::OK);
    assert_eq!(as_role(&router, "director", Method::GET, "/tasks/2").await.task_status(), "RUNNING");
}

#[tokio::test]
async fn the_list_holds_what_one_may_see() {
    let harness = Harness::open();
    harness.said("hello").await;
    harness.running().await;
    let router = app(harness.web().access(by_role).router());
    for (role, count) in [("director", 2), ("crew", 2), ("guest", 1), ("nobody", 0)] {
        let list = as_role(&router, role, Method::GET, "/tasks").await.json();
        assert_eq!(list["tasks"].as_array().map(Vec::len), Some(count), "{role}");
    }
}

#[tokio::test]
async fn what_one_may_only_see_one_may_not_change() {
    let harness = Harness::open();
    harness.said("hello").await;
    harness.running().await;
    let router = app(harness.web().access(by_role).router());
    for (method, uri) in [
        (Method::GET, "/tasks/1?prune=true"),
        (Method::GET, "/tasks/2?cancel=true"),
        (Method::DELETE, "/tasks/1"),
        (Method::DELETE, "/tasks/2"),
    ] {
        let answer = as_role(&router, "crew", method, uri).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{uri}");
        let message = format!("You may see task {}, but not cancel or prune it.", &uri[7..8]);
        assert_eq!(answer.json()["response"]["error"], message);
    }
    assert_eq!(as_role(&router, "crew", Method::GET, "/tasks/1").await.task_status(), "FINISHED");
    assert_eq!(as_role(&router, "crew", Method::GET, "/tasks/2").await.task_status(), "RUNNING");
    assert_eq!(as_role(&router, "director", Method::DELETE, "/tasks/1").await.status, StatusCode::OK);
    assert_eq!(as_role(&router, "director", Method::GET, "/tasks/1").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_a_rule_everybody_may_do_everything() {
    let harness = Harness::open();
    harness.said("hello").await;
    let router = harness.app();
    assert_eq!(get(&router, "/tasks/1?prune=true").await.status, StatusCode::OK);
    assert_eq!(get(&router, "/tasks/1").await.status, StatusCode::NOT_FOUND);
}
