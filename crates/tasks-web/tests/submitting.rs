//! The answer to a request that asked for a job.

mod harness;

use std::time::Duration;

use axum::{
    Router,
    http::{Method, StatusCode},
    response::IntoResponse as _,
    routing::post,
};
use harness::{Answer, App, Harness, Work, answered, send};
use longhaul_tasks::{Submission, SubmitError};
use longhaul_tasks_web::{ApiError, PublicAddress, Renderer, RendererConfig};
use tokio::task::JoinSet;

/// Routes of which `POST /say` submits a job, and `POST /hold` one that ends when the test lets it.
fn routes(harness: &Harness) -> Router {
    let submit = |work: fn() -> Work| {
        let tasks = harness.tasks.clone();
        post(async move |renderer: Renderer| {
            let submitted = tasks.submit(work(), Submission::default()).await;
            renderer.submission(&tasks, submitted).await
        })
    };
    let say = submit(|| Work::Say("hello".into()));
    Router::new().route("/say", say).route("/hold", submit(|| Work::Hold))
}

fn app(harness: &Harness) -> App {
    harness::app(routes(harness))
}

async fn preferring(app: &App, uri: &str, preference: &str) -> Answer {
    send(app, Method::POST, uri, &[("host", "localhost:8182"), ("prefer", preference)]).await
}

/// A request whose answer waits for the end of a held task.
async fn waiting(app: &App, preference: &'static str) -> JoinSet<Answer> {
    let app = app.clone();
    harness::waiting(async move { preferring(&app, "/hold.json", preference).await }).await
}

async fn ask(app: &App, uri: &str) -> Answer {
    send(app, Method::POST, uri, &[("host", "localhost:8182")]).await
}

#[tokio::test]
async fn a_new_task_is_told_in_the_format_asked_for() {
    let harness = Harness::open();
    harness.running().await;
    let app = app(&harness);
    for (uri, is_json) in [
        ("/say", false),
        ("/say.json", true),
        ("/say.json/", true),
        ("/say?output_format=json", true),
        ("/say.json?output_format=xml", true),
    ] {
        let answer = ask(&app, uri).await;
        assert_eq!(answer.status, StatusCode::OK, "{uri}");
        assert_eq!(answer.body.starts_with("{"), is_json, "{uri}");
    }
    let refused = ask(&app, "/say?output_format=csv").await;
    assert_eq!(
        (refused.status, &*refused.body),
        (StatusCode::BAD_REQUEST, "Invalid output_format 'csv' requested")
    );
    assert_eq!(harness.tasks.list(&Default::default()).await.expect("a list").len(), 6);
}

#[tokio::test]
async fn who_prefers_to_wait_is_answered_with_the_end() {
    let harness = Harness::open();
    let app = app(&harness);
    for preference in ["wait=60", "respond-async, wait=60"] {
        let answer = preferring(&app, "/say.json", preference).await;
        assert_eq!((answer.status, &*answer.task_status()), (StatusCode::OK, "FINISHED"), "{preference}");
        assert_eq!(answer.json()["task"]["result"]["said"], "hello");
        assert_eq!(answer.header("preference-applied"), "wait=60");
        let id = answer.json()["task"]["id"].clone();
        assert_eq!(harness::get(&harness.app(), &format!("/tasks/{id}.json")).await.body, answer.body);
        assert_eq!((answer.header("location"), answer.header("retry-after")), ("", ""));
    }
    harness.running().await;
    let cancelled = waiting(&app, "wait=60").await;
    harness::get(&harness.app(), "/tasks/4?cancel=true").await;
    assert_eq!(answered(cancelled).await.task_status(), "CANCELLED");
}

#[tokio::test]
async fn who_has_waited_long_enough_is_answered_with_the_task_as_it_is() {
    let harness = Harness::open();
    harness.running().await;
    let app = app(&harness);
    let answer = preferring(&app, "/hold.json", "wait=0").await;
    assert_eq!((answer.status, &*answer.task_status()), (StatusCode::OK, "WAITING"));
    assert_eq!(answer.header("preference-applied"), "wait=0");
    let answer = preferring(&app, "/hold.json", "respond-async, wait=0").await;
    assert_eq!((answer.status, &*answer.task_status()), (StatusCode::ACCEPTED, "WAITING"));
    assert_eq!(answer.header("preference-applied"), "respond-async, wait=0");
    assert_eq!(answer.header("location"), "http://localhost:8182/tasks/3.json");
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn nobody_waits_for_the_end_of_a_task_when_the_server_stops() {
    let harness = Harness::open();
    harness.running().await;
    let waiting = waiting(&app(&harness), "respond-async, wait=60").await;
    harness.tasks.stop(Duration::ZERO).await;
    let answer = answered(waiting).await;
    assert_eq!((answer.status, &*answer.task_status()), (StatusCode::ACCEPTED, "WAITING"));
}

#[tokio::test]
async fn an_app_says_once_where_its_links_begin() {
    let harness = Harness::open();
    let config = RendererConfig { address: PublicAddress::fixed("https://cinema.example"), subject: "film" };
    let app = harness::app(routes(&harness).layer(axum::Extension(config)));
    assert_eq!(ask(&app, "/say.json").await.json()["task"]["href"], "https://cinema.example/tasks/1.json");
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_again_and_polls_go_on() {
    let harness = Harness::open_with(|builder| builder.max_unfinished(1));
    harness.running().await;
    let app = harness::app(routes(&harness).merge(harness.web().router()));
    let refused = ask(&app, "/say.json").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.json()["response"]["error"], "too many tasks are waiting");
    assert!(refused.header("retry-after").parse::<u32>().expect("seconds") >= 1);
    assert_eq!(harness::get(&app, "/tasks/1.json").await.task_status(), "RUNNING");
    assert_eq!(harness::get(&app, "/tasks/1.json?cancel=true").await.status, StatusCode::OK);
}

#[tokio::test]
async fn waiting_times_are_whole_seconds_rounded_up() {
    for (millis, seconds) in
        [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (61_000, "61"), (u64::MAX, "4294967295")]
    {
        let retry_after = Duration::from_millis(millis);
        let response = ApiError::from(SubmitError::QueueFull { retry_after }).into_response();
        assert_eq!(response.headers()["retry-after"], seconds);
    }
}

#[tokio::test]
async fn a_server_that_stops_takes_nothing_new() {
    let harness = Harness::open();
    harness.tasks.stop(Duration::from_secs(60)).await;
    let refused = ask(&app(&harness), "/say.json").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.json()["response"]["error"], "the server is stopping");
}
