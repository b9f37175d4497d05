//! Cancelling and pruning.

mod harness;

use axum::http::{Method, StatusCode};
use harness::{Harness, app, get, send};

#[tokio::test]
async fn a_cancelled_task_stops_and_cancelling_again_is_fine() {
    let harness = Harness::open();
    let id = harness.running().await;
    let router = harness.app();
    let answer = get(&router, "/tasks/1.json?cancel=true").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(["RUNNING", "CANCELLED"].contains(&answer.task_status().as_str()));
    harness.tasks.wait(id).await.expect("an end");
    let answer = get(&router, "/tasks/1.json?cancel=true").await;
    assert_eq!(answer.task_status(), "CANCELLED");
    assert_eq!(answer.json()["task"]["result"], serde_json::json!({}));
}

#[tokio::test]
async fn a_waiting_task_is_cancelled_at_once_and_no_other_notices() {
    let harness = Harness::open();
    let running = harness.running().await;
    harness.waiting().await;
    harness.waiting().await;
    let router = harness.app();
    assert_eq!(get(&router, "/tasks/2.json?cancel=true").await.task_status(), "CANCELLED");
    assert_eq!(get(&router, "/tasks/1.json").await.task_status(), "RUNNING");
    assert_eq!(get(&router, "/tasks/3.json").await.task_status(), "WAITING");
    harness.release(running).await;
    assert_eq!(get(&router, "/tasks/1.json").await.task_status(), "FINISHED");
}

#[tokio::test]
async fn only_true_in_any_letter_case_counts() {
    let harness = Harness::open();
    harness.running().await;
    harness.waiting().await;
    let router = harness.app();
    for value in ["1", "yes", "", "false", "tru", "truee", "t%72", "on", " true"] {
        let value = value.replace(' ', "%20");
        let answer = get(&router, &format!("/tasks/2.json?cancel={value}&prune={value}")).await;
        assert_eq!(answer.task_status(), "WAITING", "{value}");
    }
    for query in ["CANCEL=true", "xcancel=true", "a=cancel=true", "cancel", "cancel=false&cancel=true"] {
        assert_eq!(get(&router, &format!("/tasks/2.json?{query}")).await.task_status(), "WAITING", "{query}");
    }
    assert_eq!(get(&router, "/tasks/2.json?x=1&cancel=%54rUe").await.task_status(), "CANCELLED");
}

#[tokio::test]
async fn a_finished_task_ignores_a_cancel() {
    let harness = Harness::open();
    harness.said("hello").await;
    let router = harness.app();
    let before = get(&router, "/tasks/1").await.body;
    assert_eq!(get(&router, "/tasks/1?cancel=true").await.body, before);
    assert_eq!(get(&router, "/tasks/1").await.body, before);
}

#[tokio::test]
async fn a_pruned_task_is_told_once_more_and_forgotten() {
    let harness = Harness::open();
    harness.said("hello").await;
    harness.said("there").await;
    let router = harness.app();
    let before = get(&router, "/tasks/1").await.body;
    let answer = get(&router, "/tasks/1?prune=TRUE").await;
    assert_eq!((answer.status, answer.body), (StatusCode::OK, before));
    assert_eq!(get(&router, "/tasks/1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&router, "/tasks/1?prune=true").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&router, "/tasks/2").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_unfinished_task_ignores_a_prune() {
    let harness = Harness::open();
    let running = harness.running().await;
    harness.waiting().await;
    let router = harness.app();
    assert_eq!(get(&router, "/tasks/1.json?prune=true").await.task_status(), "RUNNING");
    assert_eq!(get(&router, "/tasks/2.json?prune=true").await.task_status(), "WAITING");
    harness.release(running).await;
    assert_eq!(get(&router, "/tasks/1.json").await.task_status(), "FINISHED");
}

#[tokio::test]
async fn both_at_once_forget_what_had_ended_and_stop_what_had_not() {
    let harness = Harness::open();
    harness.said("hello").await;
    let running = harness.running().await;
    harness.waiting().await;
    let router = harness.app();
    let both = |id: u64| format!("/tasks/{id}.json?prune=true&cancel=true");

    assert_eq!(get(&router, &both(1)).await.task_status(), "FINISHED");
    assert_eq!(get(&router, "/tasks/1").await.status, StatusCode::NOT_FOUND);

    assert_eq!(get(&router, &both(3)).await.task_status(), "CANCELLED");
    assert_eq!(get(&router, "/tasks/3").await.status, StatusCode::NOT_FOUND);

    assert_eq!(get(&router, &both(2)).await.status, StatusCode::OK);
    harness.tasks.wait(running).await.expect("an end");
    let after = get(&router, "/tasks/2.json").await;
    assert!(after.status == StatusCode::NOT_FOUND || after.task_status() == "CANCELLED");
}

#[tokio::test]
async fn delete_cancels_what_has_not_ended_also_when_it_is_repeated_and_prunes_what_has_ended_itself() {
    let harness = Harness::open();
    let running = harness.running().await;
    harness.waiting().await;
    let router = harness.app();
    let delete = async |uri| send(&router, Method::DELETE, uri, &[("host", "localhost:8182")]).await;

    assert_eq!(delete("/tasks/2.json").await.task_status(), "CANCELLED");
    assert_eq!(get(&router, "/tasks/2.json").await.task_status(), "CANCELLED");
    assert_eq!(delete("/tasks/2.json").await.task_status(), "CANCELLED");
    assert_eq!(get(&router, "/tasks/2.json").await.task_status(), "CANCELLED");

    harness.said("hello").await;
    harness.failed().await;
    for (uri, status) in [("/tasks/3.json", "FINISHED"), ("/tasks/4.json", "FAILED")] {
        assert_eq!(delete(uri).await.task_status(), status);
        assert_eq!(delete(uri).await.status, StatusCode::NOT_FOUND);
    }

    assert_eq!(delete("/tasks/1/").await.status, StatusCode::OK);
    harness.tasks.wait(running).await.expect("an end");
    assert_eq!(get(&router, "/tasks/1.json").await.task_status(), "CANCELLED");
}

#[tokio::test]
async fn the_list_neither_cancels_nor_prunes() {
    let harness = Harness::open();
    harness.said("hello").await;
    harness.running().await;
    let router = harness.app();
    get(&router, "/tasks?cancel=true&prune=true").await;
    assert_eq!(get(&router, "/tasks/1.json").await.task_status(), "FINISHED");
    assert_eq!(get(&router, "/tasks/2.json").await.task_status(), "RUNNING");
}

#[tokio::test]
async fn a_page_of_another_origin_changes_nothing() {
    let harness = Harness::open();
    harness.running().await;
    harness.said("hello").await;
    let router = app(harness.web().allow_origin("https://maps.example.org/").router());
    let refused: &[&[(&str, &str)]] = &[
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "Same-Origin")],
        &[("sec-fetch-site", "")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:8182")],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://maps.example.org.evil.com")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://maps.example.org")],
        &[("sec-fetch-site", "cross-site"), ("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("origin", "http://localhost:81")],
        &[("origin", "http://localhost:81820")],
        &[("origin", "null")],
        &[("origin", "")],
        &[("origin", "http:")],
        &[("origin", "http:/")],
        &[("origin", "http://")],
        &[("origin", "http://localhost:8182/")],
    ];
    for headers in refused {
        let headers = [&[("host", "localhost:8182")], *headers].concat();
        for (method, uri) in [
            (Method::GET, "/tasks/1.json?cancel=true"),
            (Method::GET, "/tasks/2.json?prune=true"),
            (Method::DELETE, "/tasks/1.json"),
            (Method::DELETE, "/tasks/2.json"),
            (Method::DELETE, "/tasks/99.json"),
        ] {
            let answer = send(&router, method, uri, &headers).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{uri} {headers:?}");
            assert_eq!(answer.json()["response"]["success"], false);
        }
        assert_eq!(send(&router, Method::GET, "/tasks/1.json", &headers).await.task_status(), "RUNNING");
        assert_eq!(send(&router, Method::GET, "/tasks/2.json", &headers).await.task_status(), "FINISHED");
    }
}

#[tokio::test]
async fn our_own_pages_programs_and_allowed_origins_may_change_things() {
    let harness = Harness::open();
    let router = app(harness.web().allow_origin("https://Maps.example.org/").router());
    let admitted: &[&[(&str, &str)]] = &[
        &[],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://maps.example.org")],
        &[("origin", "https://maps.example.org")],
        &[("origin", "http://localhost:8182")],
    ];
    for headers in admitted {
        let headers = [&[("host", "localhost:8182")], *headers].concat();
        let id = harness.said("hello").await;
        let answer = send(&router, Method::GET, &format!("/tasks/{id}?prune=true"), &headers).await;
        assert_eq!(answer.status, StatusCode::OK, "{headers:?}");
        assert_eq!(get(&router, &format!("/tasks/{id}")).await.status, StatusCode::NOT_FOUND);
    }
}
