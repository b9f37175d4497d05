//! Which tasks a list holds: filters, pages, totals.

mod harness;

use axum::http::{Method, StatusCode, request::Parts};
use harness::{App, Harness, Work, app, get, send};
use longhaul_tasks::{Page, Task};
use longhaul_tasks_web::Permit;

/// The numbers of the tasks on a page.
async fn ids(router: &App, uri: &str) -> Vec<u64> {
    let answer = get(router, uri).await;
    assert_eq!(answer.status, StatusCode::OK, "{uri}: {}", answer.body);
    let json = answer.json();
    let tasks = json["tasks"].as_array().expect("a list").clone();
    tasks.iter().map(|entry| entry["task"]["id"].as_u64().expect("an id")).collect()
}

/// Tasks 1 to 5: two on roads and two on lakes, by two owners, and one that runs.
async fn mixed() -> Harness {
    let harness = Harness::open();
    for (owner, subject) in [("jo", "roads"), ("jo", "lakes"), ("al", "roads"), ("al", "lakes")] {
        harness.said_for(owner, subject).await;
    }
    harness.running().await;
    harness
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let harness = mixed().await;
    let router = app(harness.web().subject("repository").router());
    let third =
        harness.tasks.get(longhaul_tasks::TaskId(3)).await.expect("an answer").expect("a task").created;
    for (query, expected) in [
        ("", &[1, 2, 3, 4, 5][..]),
        ("status=RUNNING", &[5]),
        ("status=finished,Running", &[1, 2, 3, 4, 5]),
        ("status=RUNNING&status=FAILED", &[5]),
        ("status=WAITING", &[]),
        ("owner=jo", &[1, 2]),
        ("repository=lakes", &[2, 4]),
        ("repository=lakes&owner=al", &[4]),
        ("subject=lakes", &[1, 2, 3, 4, 5]),
        ("kind=work", &[1, 2, 3, 4, 5]),
        ("kind=play", &[]),
        ("owner=%5D%5D%3E%00", &[]),
        ("_dc=1&unknown=", &[1, 2, 3, 4, 5]),
        (&format!("since={third}"), &[3, 4, 5]),
        (&format!("before={third}"), &[1, 2]),
        (&format!("since={third}&limit=1"), &[3]),
        ("since=2000-01-01T00:00:00%2B01:00&before=4102444800000", &[1, 2, 3, 4, 5]),
        ("since=2000-01-01T00:00:00+01:00", &[1, 2, 3, 4, 5]),
    ] {
        assert_eq!(ids(&router, &format!("/tasks.json?{query}")).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_value_that_makes_no_sense_is_an_error_that_names_its_parameter() {
    let harness = Harness::open();
    let router = app(harness.web().subject("repository").router());
    for (query, name) in [
        ("status=DONE", "status"),
        ("status=", "status"),
        ("status=RUNNING,", "status"),
        ("kind=", "kind"),
        ("owner=", "owner"),
        ("repository=", "repository"),
        ("since=yesterday", "since"),
        ("before=", "before"),
        ("since=99999999999999999999", "since"),
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("after=x", "after"),
        ("after=+1", "after"),
        ("after=18446744073709551616", "after"),
        ("owner=a&owner=b", "owner"),
    ] {
        let answer = get(&router, &format!("/tasks.json?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        let error = answer.json()["response"]["error"].as_str().expect("an error").to_owned();
        assert!(error.starts_with(&format!("{name} ")), "{query}: {error}");
        let xml = get(&router, &format!("/tasks?{query}")).await;
        assert!(xml.body.contains(&format!("<error>{name} ")), "{query}: {}", xml.body);
    }
}

#[tokio::test]
async fn pages_follow_each_other_and_say_how_many_there_are_in_all() {
    let harness = mixed().await;
    let router = harness.app();
    let first = get(&router, "/tasks.json?limit=2&status=FINISHED").await;
    assert_eq!(first.header("x-total-count"), "4");
    let next = "<http://localhost:8182/tasks.json?limit=2&status=FINISHED&after=2>; rel=\"next\"";
    assert_eq!(first.header("link"), next);
    assert_eq!(ids(&router, "/tasks.json?limit=2&status=FINISHED&after=2").await, [3, 4]);
    let last = get(&router, "/tasks.json?limit=2&status=FINISHED&after=4").await;
    assert_eq!((last.body.as_str(), last.header("link")), (r#"{"tasks":[]}"#, ""));
    assert_eq!(last.header("x-total-count"), "4");
    assert_eq!(get(&router, "/tasks?owner=jo").await.header("x-total-count"), "2");
    let xml = get(&router, "/tasks?limit=1&after=4").await;
    assert!(xml.body.contains("<id>5</id>") && !xml.body.contains("<id>4</id>"), "{}", xml.body);
}

#[tokio::test]
async fn paging_shows_no_task_twice_and_misses_none_that_was_there_throughout() {
    let harness = Harness::open();
    let router = harness.app();
    for at in 0..30 {
        harness.said(&at.to_string()).await;
    }
    let (mut seen, mut after) = (Vec::new(), 0);
    loop {
        let page = ids(&router, &format!("/tasks.json?limit=4&after={after}")).await;
        let Some(last) = page.last() else { break };
        after = *last;
        seen.extend(page);
        if seen.len() < 30 {
            harness.said("meanwhile").await;
            // Every third of those that the page before showed, and of those to come, goes.
            get(&router, &format!("/tasks/{}?prune=true", seen.len() * 3)).await;
        }
    }
    let mut once = seen.clone();
    once.dedup();
    assert_eq!(once, seen, "none twice");
    assert!(seen.is_sorted());
    for id in 1..=30 {
        let stays = id % 3 != 0;
        assert!(!stays || seen.contains(&id), "{id} is missing of {seen:?}");
    }
}

/// Who is on the crew sees what is on roads.
fn by_subject(request: &Parts, task: &Task) -> Permit {
    match request.headers.get("role").map(|role| role.as_bytes()) {
        Some(b"crew") if task.subject.as_deref() == Some("roads") => Permit::See,
        Some(b"director") => Permit::Touch,
        _ => Permit::Nothing,
    }
}

#[tokio::test]
async fn pages_and_totals_count_what_one_may_see() {
    let harness = mixed().await;
    let scope = |request: &Parts| match request.headers.get("role").map(|role| role.as_bytes()) {
        Some(b"crew") => Some(vec!["roads".to_owned()]),
        Some(b"director") => None,
        _ => Some(vec![]),
    };
    let ruled = app(harness.web().access(by_subject).router());
    let scoped = app(harness.web().access(by_subject).scope(scope).router());
    for router in [&ruled, &scoped] {
        for (role, expected) in [("crew", vec![1, 3]), ("director", vec![1, 2, 3, 4, 5]), ("nobody", vec![])]
        {
            let mut found = Vec::new();
            let mut after = 0;
            loop {
                let uri = format!("/tasks.json?limit=1&after={after}");
                let answer = send(router, Method::GET, &uri, &[("role", role)]).await;
                let total = answer.header("x-total-count");
                let is_scoped = std::ptr::eq(router, &scoped);
                assert_eq!(total, if is_scoped { expected.len().to_string() } else { String::new() });
                let json = answer.json();
                let Some(entry) = json["tasks"].get(0) else { break };
                after = entry["task"]["id"].as_u64().expect("an id");
                found.push(after);
            }
            assert_eq!(found, expected, "{role}");
        }
    }
}

#[tokio::test]
async fn a_hidden_kind_is_as_if_it_never_was() {
    let harness = mixed().await;
    let router = app(harness.web().hide("work").router());
    for uri in ["/tasks.json", "/tasks.json?kind=work", "/tasks.json?limit=3"] {
        let answer = get(&router, uri).await;
        assert_eq!((answer.body.as_str(), answer.header("x-total-count")), (r#"{"tasks":[]}"#, "0"), "{uri}");
    }
    assert_eq!(get(&router, "/tasks/1").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_list_of_several_pages_is_whole_and_says_how_long_it_is() {
    let harness = Harness::open();
    let count = Page::MAX + 5;
    for _ in 0..count {
        harness.submit(Work::Say(String::new())).await.expect("a task");
    }
    let last = longhaul_tasks::TaskId(count as u64);
    harness.tasks.wait(last).await.expect("an end");
    let every_third =
        |_: &Parts, task: &Task| if task.id.0.is_multiple_of(3) { Permit::See } else { Permit::Nothing };
    let late = |_: &Parts, task: &Task| if task.id.0 > 1000 { Permit::See } else { Permit::Nothing };
    let nothing = |_: &Parts, _: &Task| Permit::Nothing;
    let all = app(harness.web().router());
    let answer = get(&all, "/tasks.json").await;
    assert_eq!(answer.header("x-total-count"), count.to_string());
    assert_eq!(answer.header("content-length"), "", "it is sent while it is rendered");
    assert!(ids(&all, "/tasks.json").await.into_iter().eq(1..=count as u64));
    assert!(ids(&all, "/tasks.json?after=3").await.into_iter().eq(4..=count as u64));
    let xml = get(&all, "/tasks").await.body;
    assert_eq!((xml.matches("<task>").count(), xml.ends_with("</task></tasks>")), (count, true));
    let third = app(harness.web().access(every_third).router());
    assert!(ids(&third, "/tasks.json").await.into_iter().eq((3..=count as u64).step_by(3)));
    assert_eq!(
        ids(&app(harness.web().access(late).router()), "/tasks.json").await,
        [1001, 1002, 1003, 1004, 1005]
    );
    let nothing = app(harness.web().access(nothing).router());
    assert_eq!(get(&nothing, "/tasks.json").await.body, r#"{"tasks":[]}"#);
    assert_eq!(
        get(&nothing, "/tasks").await.body,
        r#"<?xml version="1.0" encoding="UTF-8"?><tasks></tasks>"#
    );
    let head = send(&all, Method::HEAD, "/tasks.json", &[]).await;
    assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
    assert_eq!(head.header("x-total-count"), count.to_string());
}
