//! Looking at tasks: which URL answers what, in which format.

mod harness;

use axum::{
    Router,
    http::{Method, StatusCode},
    routing::get as route,
};
use harness::{Harness, app, get, send};
use longhaul_tasks_web::PublicAddress;

const XML: &str = "application/xml;charset=UTF-8";
const JSON: &str = "application/json";

#[tokio::test]
async fn suffix_then_output_format_then_accept_decide() {
    let harness = Harness::open();
    harness.said("hello").await;
    let router = harness.app();
    for (uri, accept, expected) in [
        ("/tasks/1", "*/*", XML),
        ("/tasks/1", "application/json", JSON),
        ("/tasks/1?output_format=xml", "application/json", XML),
        ("/tasks/1?output_format=JSON", "*/*", JSON),
        ("/tasks/1.xml?output_format=json", "application/json", XML),
        ("/tasks/1.json?output_format=xml", "*/*", JSON),
        ("/tasks/1.json?output_format=nonsense", "*/*", JSON),
        ("/tasks", "application/json", JSON),
        ("/tasks.xml", "application/json", XML),
        ("/tasks.json", "*/*", JSON),
    ] {
        let answer = send(&router, Method::GET, uri, &[("accept", accept)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{uri}");
        assert_eq!(answer.header("content-type"), expected, "{uri} {accept}");
        assert_eq!(answer.body.starts_with("<?xml"), expected == XML, "{uri} {accept}");
    }
}

#[tokio::test]
async fn an_unknown_output_format_comes_before_any_other_error() {
    let router = Harness::open().app();
    for uri in
        ["/tasks/7?output_format=xyz", "/tasks/x/download?output_format=xyz", "/tasks?output_format=xyz"]
    {
        let answer = get(&router, uri).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.header("content-type").starts_with("text/plain"));
        assert_eq!(answer.body, "Invalid output_format 'xyz' requested");
    }
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing() {
    let harness = Harness::open();
    harness.filmed("text/xml", "<film/>").await;
    let router = harness.app();
    for path in [
        "/tasks",
        "/tasks.xml",
        "/tasks.json",
        "/tasks/1",
        "/tasks/1.xml",
        "/tasks/1.json",
        "/tasks/1/download",
        "/tasks/1/download.xml",
        "/tasks/1/download.json",
    ] {
        let (without, with) = (get(&router, path).await, get(&router, &format!("{path}/")).await);
        assert_eq!(without.status, StatusCode::OK, "{path}");
        assert_eq!((with.status, &with.body), (without.status, &without.body), "{path}");
        assert_eq!(with.headers, without.headers, "{path}");
    }
}

#[tokio::test]
async fn a_finished_task_is_told_in_both_formats() {
    let harness = Harness::open();
    harness.said("]]>").await;
    let router = harness.app();
    let link = r#"xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/1.xml""#;
    assert_eq!(
        get(&router, "/tasks/1").await.body,
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><task><id>1</id><status>FINISHED</status><description>Saying ]]&gt;.</description><atom:link {link} type="application/xml"/><result><said>]]&gt;</said></result></task>"#
        )
    );
    assert_eq!(
        get(&router, "/tasks/1.json").await.body,
        r#"{"task":{"id":1,"status":"FINISHED","description":"Saying ]]>.","href":"http://localhost:8182/tasks/1.json","result":{"said":"]]>"}}}"#
    );
}

#[tokio::test]
async fn running_waiting_and_failed_tasks_are_told_as_they_are() {
    let harness = Harness::open();
    let router = harness.app();
    harness.running().await;
    harness.waiting().await;
    harness.failed().await;
    let json = |id: u64| format!("/tasks/{id}.json");
    assert_eq!(
        get(&router, &json(1)).await.body,
        r#"{"task":{"id":1,"status":"RUNNING","description":"Holding the stage.","href":"http://localhost:8182/tasks/1.json","progress":{"task":"Holding...","amount":3.0}}}"#
    );
    assert_eq!(
        get(&router, &json(2)).await.body,
        r#"{"task":{"id":2,"status":"WAITING","description":"Holding the stage.","href":"http://localhost:8182/tasks/2.json"}}"#
    );
    assert_eq!(
        get(&router, &json(3)).await.body,
        r#"{"task":{"id":3,"status":"FAILED","description":"Failing.","href":"http://localhost:8182/tasks/3.json","error":{"message":"failing as asked","stackTrace":"failing as asked\ncaused by: the light went out"}}}"#
    );
}

#[tokio::test]
async fn the_list_holds_every_task_oldest_first() {
    let harness = Harness::open();
    let router = harness.app();
    assert_eq!(get(&router, "/tasks.json").await.body, r#"{"tasks":[]}"#);
    assert_eq!(get(&router, "/tasks").await.body, r#"<?xml version="1.0" encoding="UTF-8"?><tasks></tasks>"#);
    for text in ["a", "b", "c"] {
        harness.said(text).await;
    }
    let list = get(&router, "/tasks/?output_format=json").await.json();
    let ids: Vec<_> =
        list["tasks"].as_array().expect("a list").iter().map(|entry| &entry["task"]["id"]).collect();
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(list["tasks"][1], get(&router, "/tasks/2.json").await.json());
}

#[tokio::test]
async fn what_is_no_task_is_not_found() {
    let harness = Harness::open();
    harness.said("hello").await;
    let router = harness.app();
    let long = "9".repeat(2000);
    for (segment, echoed) in [
        ("7", "7"),
        ("0", "0"),
        ("abc", "abc"),
        ("-1", "-1"),
        ("+1", "+1"),
        ("1.0", "1.0"),
        ("1.csv", "1.csv"),
        ("1.JSON", "1.JSON"),
        ("1x", "1x"),
        ("%20", " "),
        ("..", ".."),
        ("18446744073709551616", "18446744073709551616"),
        (&*long, &*format!("{}…", &long[..64])),
        ("%E2%80%AE%01", "\u{202e}\u{fffd}"),
        ("%FF", "\u{fffd}"),
    ] {
        let answer = get(&router, &format!("/tasks/{segment}?output_format=json")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{segment}");
        let error = answer.json()["response"]["error"].clone();
        assert_eq!(error, format!("Task not found: {echoed}"), "{segment}");
    }
    assert_eq!(
        get(&router, "/tasks/7").await.body,
        r#"<?xml version="1.0" encoding="UTF-8"?><response><success>false</success><error>Task not found: 7</error></response>"#
    );
    assert_eq!(
        get(&router, "/tasks/7.json").await.body,
        r#"{"response":{"success":false,"error":"Task not found: 7"}}"#
    );
    assert_eq!(
        get(&router, "/tasks/%3Cb%3E%5D%5D%3E").await.body,
        r#"<?xml version="1.0" encoding="UTF-8"?><response><success>false</success><error>Task not found: &lt;b&gt;]]&gt;</error></response>"#
    );
}

#[tokio::test]
async fn a_hostile_host_header_gets_into_no_link() {
    let harness = Harness::open();
    harness.said("hello").await;
    let router = harness.app();
    for host in ["evil\" onload=\"x", "evil/path?", "a<b>", "user@evil", "evil:80:80", ""] {
        let answer = send(&router, Method::GET, "/tasks/1", &[("host", host)]).await;
        assert!(answer.body.contains(r#" href="/tasks/1.xml" "#), "{host}: {}", answer.body);
    }
    let forwarded = [("host", "inside"), ("x-forwarded-host", "evil"), ("x-forwarded-proto", "https")];
    let answer = send(&router, Method::GET, "/tasks/1.json", &forwarded).await;
    assert_eq!(answer.json()["task"]["href"], "http://inside/tasks/1.json");
    let trusting = app(harness.web().address(PublicAddress::of_request().trust_proxy(true)).router());
    let answer = send(&trusting, Method::GET, "/tasks/1.json", &forwarded).await;
    assert_eq!(answer.json()["task"]["href"], "https://evil/tasks/1.json");
    let fixed = app(harness.web().public_url("https://maps.example.org/jobs/").router());
    let answer = send(&fixed, Method::GET, "/tasks/1.json", &forwarded).await;
    assert_eq!(answer.json()["task"]["href"], "https://maps.example.org/jobs/tasks/1.json");
}

#[tokio::test]
async fn links_keep_the_path_under_which_an_app_nests_the_tasks() {
    let harness = Harness::open();
    harness.said("hello").await;
    let routes = Router::new().nest("/harness/{room}", harness.web().router());
    let app = app(routes);
    let answer = get(&app, "/harness/7/tasks/1.json").await;
    assert_eq!(answer.json()["task"]["href"], "http://localhost:8182/harness/7/tasks/1.json");
    let answer = get(&app, "/harness/%3C%22/tasks/1.json").await;
    assert_eq!(answer.json()["task"]["href"], "http://localhost:8182/harness/%3C%22/tasks/1.json");
}

#[tokio::test]
async fn an_app_with_a_state_and_routes_of_its_own_takes_them_in() {
    let harness = Harness::open();
    let routes = Router::new()
        .route("/tasks/{id}/reviews", route(|| async { "reviews" }))
        .route("/", route(|| async { "hello" }))
        .merge(harness.web().router())
        .fallback(|| async { "elsewhere" })
        .with_state(17_u8);
    let app = app(routes);
    assert_eq!(get(&app, "/").await.body, "hello");
    assert_eq!(get(&app, "/tasks/3/reviews").await.body, "reviews");
    assert_eq!(get(&app, "/tasks/3/nothing").await.body, "elsewhere");
    assert_eq!(get(&app, "/tasks.json").await.body, r#"{"tasks":[]}"#);
}
