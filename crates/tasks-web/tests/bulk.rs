//! Cancelling and pruning many tasks at once.

mod harness;

use axum::http::{Method, StatusCode, request::Parts};
use harness::{Harness, app, get, post, send};
use insta::assert_snapshot;
use longhaul_tasks::Task;
use longhaul_tasks_web::Permit;

async fn statuses(harness: &Harness) -> Vec<String> {
    let tasks = harness.tasks.list(&Default::default()).await.expect("a list");
    tasks.iter().map(|task| format!("{} {}", task.id, task.status)).collect()
}

#[tokio::test]
async fn what_the_filter_means_is_pruned_and_nothing_else() {
    let harness = Harness::open();
    harness.said_for("jo", "roads").await;
    harness.said_for("al", "roads").await;
    harness.said_for("jo", "lakes").await;
    harness.running().await;
    let router = app(harness.web().subject("repository").router());
    let dry = post(&router, "/tasks/prune.json?owner=jo&dryRun=true").await;
    assert_eq!(dry.status, StatusCode::OK);
    assert_snapshot!(dry.body, @r#"{"response":{"success":true,"dryRun":true,"count":2,"more":false,"id":[1,3]}}"#);
    assert_eq!(statuses(&harness).await.len(), 4, "nothing has happened");
    let done = post(&router, "/tasks/prune?owner=jo&repository=roads").await;
    assert_snapshot!(done.body, @r#"<?xml version="1.0" encoding="UTF-8"?><response><success>true</success><dryRun>false</dryRun><count>1</count><more>false</more><id>1</id></response>"#);
    assert_eq!(statuses(&harness).await, ["2 FINISHED", "3 FINISHED", "4 RUNNING"]);
    let all = post(&router, "/tasks/prune.json?since=2000-01-01T00:00:00Z&limit=1").await;
    assert_eq!(all.json()["response"]["more"], true);
    assert_eq!(statuses(&harness).await, ["3 FINISHED", "4 RUNNING"]);
    let unfinished = post(&router, "/tasks/prune.json?status=RUNNING").await;
    assert_eq!(unfinished.json()["response"]["count"], 0);
}

#[tokio::test]
async fn what_the_filter_means_is_cancelled_and_nothing_else() {
    let harness = Harness::open();
    harness.said("hello").await;
    let running = harness.running().await;
    harness.waiting().await;
    harness.waiting().await;
    let router = harness.app();
    let done = post(&router, "/tasks/cancel.json?status=WAITING,FINISHED").await;
    assert_eq!(done.json()["response"]["id"], serde_json::json!([3, 4]));
    assert_eq!(statuses(&harness).await, ["1 FINISHED", "2 RUNNING", "3 CANCELLED", "4 CANCELLED"]);
    let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    let done = harness::send_body(&router, Method::POST, "/tasks/cancel.json", &form, "kind=work").await;
    assert_eq!(done.json()["response"]["id"], serde_json::json!([2]));
    harness.tasks.wait(running).await.expect("an end");
    assert_eq!(statuses(&harness).await[1], "2 CANCELLED");
}

#[tokio::test]
async fn a_request_that_does_not_say_which_tasks_it_means_is_refused() {
    let harness = Harness::open();
    harness.said("hello").await;
    let router = app(harness.web().subject("repository").router());
    let which =
        "Say which tasks are meant, by at least one of status, kind, repository, owner, since and before.";
    for (query, error) in [
        ("", which),
        ("dryRun=true", which),
        ("limit=10&after=0", which),
        ("output_format=json", which),
        ("stauts=FINISHED&owner=jo", "There is no parameter stauts here."),
        ("owner=jo&dryRun=yes", "dryRun must be true or false."),
        ("owner=", "owner must not be empty."),
        ("owner=a&owner=b", "owner is given twice."),
        (
            "status=FINISHED&status=x",
            "status must be WAITING, RUNNING, FINISHED, FAILED or CANCELLED, or several.",
        ),
    ] {
        for action in ["cancel", "prune"] {
            let answer = post(&router, &format!("/tasks/{action}.json?{query}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
            assert_eq!(answer.json()["response"]["error"], error, "{query}");
        }
    }
    assert_eq!(get(&router, "/tasks/1").await.status, StatusCode::OK);
    let json = [("content-type", "application/json")];
    let answer = harness::send_body(&router, Method::POST, "/tasks/prune", &json, r#"{"owner":"jo"}"#).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let long = "a".repeat(20_000);
    let answer = harness::send_body(&router, Method::POST, "/tasks/prune", &[], &long).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn only_what_one_may_touch_is_touched() {
    let harness = Harness::open();
    harness.said_for("jo", "roads").await;
    harness.said_for("al", "roads").await;
    let own = |request: &Parts, task: &Task| match request.headers.get("user") {
        Some(user) if task.owner.as_deref().is_some_and(|owner| user == owner) => Permit::Touch,
        Some(_) => Permit::See,
        None => Permit::Nothing,
    };
    let router = app(harness.web().access(own).router());
    let prune = async |headers: &[(&str, &str)]| {
        let answer = send(&router, Method::POST, "/tasks/prune.json?status=FINISHED", headers).await;
        answer.json()["response"]["id"].clone()
    };
    assert_eq!(prune(&[]).await, serde_json::json!([]));
    assert_eq!(prune(&[("user", "jo")]).await, serde_json::json!([1]));
    assert_eq!(statuses(&harness).await, ["2 FINISHED"]);
}

#[tokio::test]
async fn a_page_of_another_origin_touches_nothing() {
    let harness = Harness::open();
    harness.said("hello").await;
    let router = harness.app();
    let foreign =
        [("host", "localhost:8182"), ("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")];
    let answer = send(&router, Method::POST, "/tasks/prune?status=FINISHED", &foreign).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(get(&router, "/tasks/1").await.status, StatusCode::OK);
    let answer = get(&router, "/tasks/prune?status=FINISHED").await;
    assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "POST, OPTIONS"));
}
