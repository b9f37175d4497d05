//! Asking less often: tags, long polls, and when to come again.

mod harness;

use std::time::Duration;

use axum::http::{Method, StatusCode};
use harness::{Answer, App, Harness, answered, get, send};
use tokio::task::JoinSet;

async fn holding(router: &App, uri: &str, tag: &str) -> Answer {
    send(router, Method::GET, uri, &[("host", "localhost:8182"), ("if-none-match", tag)]).await
}

/// A look that waits.
async fn waiting(router: &App, uri: &'static str, tag: Option<String>) -> JoinSet<Answer> {
    let router = router.clone();
    harness::waiting(async move {
        match tag {
            Some(tag) => holding(&router, uri, &tag).await,
            None => get(&router, uri).await,
        }
    })
    .await
}

#[tokio::test]
async fn an_ended_task_reads_as_it_did_whoever_else_asks_for_it_meanwhile() {
    let harness = Harness::open();
    let router = harness.app();
    for text in ["one", "two"] {
        harness.said(text).await;
    }
    // Each kind of caller, asked for by a router that has answered nobody yet.
    let callers = ["localhost:8182", "maps.example.org"].into_iter().flat_map(|host| {
        let paths = ["/tasks/1", "/tasks/1.json", "/tasks/1.json?verbose=true", "/tasks/2.json"];
        paths.map(|path| (host, path))
    });
    let callers: Vec<_> = callers.collect();
    let mut alone = Vec::new();
    for (host, path) in &callers {
        alone.push(send(&harness.app(), Method::GET, path, &[("host", host)]).await);
    }
    for _ in 0..2 {
        for ((host, path), alone) in callers.iter().zip(&alone) {
            let among_others = send(&router, Method::GET, path, &[("host", host)]).await;
            assert_eq!(among_others.body, alone.body, "{host} {path}");
            assert_eq!(among_others.header("etag"), alone.header("etag"), "{host} {path}");
        }
    }
    assert_ne!(alone[1].body, alone[5].body, "links begin with the host that was asked");
}

#[tokio::test]
async fn a_tag_changes_exactly_when_the_document_does() {
    let harness = Harness::open();
    let router = harness.app();
    let running = harness.running().await;
    harness.waiting().await;
    for uri in ["/tasks/1", "/tasks/1.json", "/tasks/1.json?verbose=true", "/tasks/2"] {
        let (one, other) = (get(&router, uri).await, get(&router, uri).await);
        assert!(one.header("etag").starts_with('"'), "{uri}");
        assert_eq!((one.header("etag"), &one.body), (other.header("etag"), &other.body), "{uri}");
    }
    let tags = async || {
        let mut tags = Vec::new();
        for uri in ["/tasks/1", "/tasks/1.json", "/tasks/1.json?verbose=true"] {
            tags.push(get(&router, uri).await.header("etag").to_owned());
        }
        tags
    };
    let before = tags().await;
    harness.count(7).await;
    let counted = tags().await;
    harness.release(running).await;
    let mut all = [before, counted, tags().await].concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 9, "each format of each moment has its own");
}

#[tokio::test]
async fn who_holds_the_document_is_not_sent_it_again() {
    let harness = Harness::open();
    harness.said("hello").await;
    let router = harness.app();
    for uri in ["/tasks/1", "/tasks/1.json"] {
        let full = get(&router, uri).await;
        let tag = full.header("etag");
        for held in [tag.to_owned(), format!("W/{tag}, \"x\""), "*".to_owned()] {
            let answer = holding(&router, uri, &held).await;
            assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NOT_MODIFIED, ""), "{held}");
            assert_eq!(answer.header("etag"), tag);
        }
        let answer = holding(&router, uri, "\"another\"").await;
        assert_eq!((answer.status, &answer.body), (StatusCode::OK, &full.body));
    }
    let xml = get(&router, "/tasks/1").await;
    assert_eq!(holding(&router, "/tasks/1.json", xml.header("etag")).await.status, StatusCode::OK);
    let head = send(&router, Method::HEAD, "/tasks/1", &[("if-none-match", "*")]).await;
    assert_eq!(head.status, StatusCode::NOT_MODIFIED);
    assert_eq!(holding(&router, "/tasks/7", "*").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_change_is_made_whatever_the_client_holds() {
    let harness = Harness::open();
    harness.said("hello").await;
    let router = harness.app();
    let tag = get(&router, "/tasks/1").await.header("etag").to_owned();
    assert_eq!(holding(&router, "/tasks/1?prune=true", &tag).await.status, StatusCode::OK);
    assert_eq!(get(&router, "/tasks/1").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_unfinished_task_says_when_to_come_again() {
    let harness = Harness::open();
    let running = harness.running().await;
    harness.waiting().await;
    let router = harness.app();
    for uri in ["/tasks/1", "/tasks/2.json"] {
        assert_eq!(get(&router, uri).await.header("retry-after"), "1", "{uri}");
        assert_eq!(holding(&router, uri, "*").await.header("retry-after"), "1", "{uri}");
    }
    harness.release(running).await;
    assert_eq!(get(&router, "/tasks/1").await.header("retry-after"), "");
}

#[tokio::test]
async fn a_long_poll_of_an_ended_task_returns_at_once() {
    let harness = Harness::open();
    harness.said("hello").await;
    let router = harness.app();
    let plain = get(&router, "/tasks/1.json").await;
    assert_eq!(get(&router, "/tasks/1.json?wait=60").await.body, plain.body);
    let held = holding(&router, "/tasks/1.json?wait=60", plain.header("etag")).await;
    assert_eq!(held.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn a_long_poll_returns_with_the_change() {
    let harness = Harness::open();
    let running = harness.running().await;
    harness.waiting().await;
    let router = harness.app();
    let (xml, json) = (
        waiting(&router, "/tasks/2?wait=60", None).await,
        waiting(&router, "/tasks/2.json?wait=60", None).await,
    );
    harness.release(running).await;
    let (xml, json) = (answered(xml).await, answered(json).await);
    assert_eq!(json.task_status(), "RUNNING");
    assert!(xml.body.contains("<status>RUNNING</status>"), "{}", xml.body);
    assert_eq!(json.header("retry-after"), "1");

    let now = get(&router, "/tasks/2.json").await.header("etag").to_owned();
    let last = waiting(&router, "/tasks/2.json?wait=60", Some(now)).await;
    get(&router, "/tasks/2?cancel=true").await;
    let last = answered(last).await;
    assert_eq!((last.status, last.task_status().as_str()), (StatusCode::OK, "CANCELLED"));
    assert_eq!(last.header("etag"), get(&router, "/tasks/2.json").await.header("etag"));
}

#[tokio::test]
async fn a_long_poll_returns_with_progress() {
    let harness = Harness::open();
    harness.running().await;
    let router = harness.app();
    let poll = waiting(&router, "/tasks/1.json?wait=60", None).await;
    harness.count(7).await;
    assert_eq!(answered(poll).await.json()["task"]["progress"]["amount"], 7.0);
}

#[tokio::test]
async fn a_change_between_looking_and_waiting_is_not_missed() {
    let harness = Harness::open();
    harness.running().await;
    let router = harness.app();
    for count in 4..20 {
        let tag = get(&router, "/tasks/1.json").await.header("etag").to_owned();
        harness.count(count).await;
        let answer = holding(&router, "/tasks/1.json?wait=60", &tag).await;
        assert_eq!(answer.json()["task"]["progress"]["amount"], count as f64);
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_time_is_up_the_task_is_told_as_it_is() {
    let harness = Harness::open();
    let router = harness.app();
    harness.running().await;
    harness.waiting().await;
    let plain = get(&router, "/tasks/2.json").await;
    let begun = tokio::time::Instant::now();
    let waited = get(&router, "/tasks/2.json?wait=5").await;
    assert_eq!((waited.status, &waited.body), (StatusCode::OK, &plain.body));
    assert_eq!(begun.elapsed().as_secs(), 5);
    let held = holding(&router, "/tasks/2.json?wait=999", plain.header("etag")).await;
    assert_eq!((held.status, begun.elapsed().as_secs()), (StatusCode::NOT_MODIFIED, 65));
    assert_eq!(get(&router, "/tasks/2.json?wait=0").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_preference_to_wait_is_heeded_and_said_to_be() {
    let harness = Harness::open();
    harness.said("hello").await;
    harness.running().await;
    let router = harness.app();
    let prefer = async |uri, value| send(&router, Method::GET, uri, &[("prefer", value)]).await;
    assert_eq!(prefer("/tasks/2.json", "wait=0").await.header("preference-applied"), "wait=0");
    assert_eq!(prefer("/tasks/2.json", "wait=much").await.header("preference-applied"), "");
    let bad = get(&router, "/tasks/2.json?wait=much").await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    assert_eq!(bad.json()["response"]["error"], "wait must be a number of seconds, such as 30.");
}

#[tokio::test]
async fn one_change_reaches_everybody_who_waits_for_it() {
    let harness = Harness::open();
    harness.running().await;
    let router = harness.app();
    let mut polls = JoinSet::new();
    for at in 0..200 {
        let (router, uri) = (router.clone(), ["/tasks/1.json?wait=60", "/tasks/1?wait=60"][at % 2]);
        polls.spawn(async move { get(&router, uri).await.body });
    }
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    harness.count(9).await;
    let mut bodies = polls.join_all().await;
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.len(), 2, "one document in each format");
    assert!(bodies.iter().all(|body| body.contains("9.0")), "{bodies:?}");
}

#[tokio::test]
async fn a_task_that_is_forgotten_meanwhile_is_not_found() {
    let harness = Harness::open();
    harness.running().await;
    harness.waiting().await;
    let router = harness.app();
    let poll = waiting(&router, "/tasks/2?wait=60", None).await;
    get(&router, "/tasks/2?cancel=true&prune=true").await;
    assert_eq!(answered(poll).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_stop_lets_nobody_wait() {
    let harness = Harness::open();
    harness.running().await;
    harness.waiting().await;
    let router = harness.app();
    let poll = waiting(&router, "/tasks/2.json?wait=60", None).await;
    harness.tasks.stop(Duration::ZERO).await;
    assert_eq!(answered(poll).await.task_status(), "WAITING");
    assert_eq!(get(&router, "/tasks/2.json?wait=60").await.task_status(), "WAITING");
}
