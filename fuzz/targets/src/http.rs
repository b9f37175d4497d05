//! Requests with any method, path, parameters and headers, for tasks.

use std::sync::LazyLock;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use longhaul_tasks::{Context, Failure, Job, Registry, Report, Submission, TaskId, Tasks};
use longhaul_tasks_web::{FormatLayer, FormatService, TasksWeb};
use serde::{Deserialize, Serialize};
use tower::{Layer, ServiceExt};

/// The bytes are an HTTP/1.1 request without the version; `$` stands for the id of a finished task.
pub(crate) fn run(data: &[u8]) {
    static APP: LazyLock<App> = LazyLock::new(App::new);
    let Ok(text) = std::str::from_utf8(data) else { return };
    APP.runtime.block_on(async {
        let task = APP.finished_task().await;
        if let Some(request) = parsed(&text.replace('$', &task.to_string())) {
            let wants_body = request.method() != "HEAD";
            let response = APP.app.clone().oneshot(request).await.unwrap();
            check(response, wants_body).await;
        }
        APP.tasks.prune(task).await.unwrap();
    });
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let seeds = [
        "GET /tasks/$.json\nHost: localhost\nAccept: application/json;q=0.5, */*",
        "GET /tasks/$?cancel=true&prune=TRUE&output_format=json\nSec-Fetch-Site: same-origin\nOrigin: http://localhost",
        "GET /tasks?status=FINISHED&kind=nothing&owner=a&limit=5&after=0&since=2026-01-01T00:00:00Z&verbose=true\nHost: [::1]:80",
        "GET /tasks/$.xml?wait=0&verbose=true\nPrefer: wait=0\nIf-None-Match: \"a\", W/\"b\", *",
        "DELETE /tasks/$/\nHost: a\nX-Forwarded-Proto: https\nX-Forwarded-Host: b",
        "POST /tasks/prune.json?status=FINISHED&dryRun=true\nHost: a",
        "POST /tasks/cancel?kind=nothing\nHost: a",
        "GET /tasks/$/events\nLast-Event-ID: 7",
        "HEAD /tasks/$/download.json/\nRange: bytes=0-1",
        "OPTIONS /tasks.json/\nHost: a",
        "GET /tasks/%31%zz?%63ancel=tru%65&=&&a\nHost: a",
    ];
    seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect()
}

struct App {
    runtime: tokio::runtime::Runtime,
    tasks: Tasks,
    app: FormatService<Router>,
}

impl App {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let inside = runtime.enter();
        let tasks = Tasks::builder(Registry::new(()).with::<Nothing>()).workers(1).start();
        let app = FormatLayer.layer(TasksWeb::new(tasks.clone()).router());
        drop(inside);
        Self { runtime, tasks, app }
    }

    async fn finished_task(&self) -> TaskId {
        let submission = Submission { owner: Some("a".into()), ..Submission::default() };
        let id = self.tasks.submit(Nothing {}, submission).await.unwrap().id;
        self.tasks.wait(id).await.unwrap();
        id
    }
}

#[derive(Serialize, Deserialize)]
struct Nothing {}

impl Job for Nothing {
    const KIND: &'static str = "nothing";
    type Env = ();

    fn description(&self) -> String {
        "Doing nothing: ]]> & <\u{202e}>".into()
    }

    fn run(self, _: &(), ctx: &Context) -> Result<Report, Failure> {
        ctx.step("Doing nothing...");
        Ok(Report::new().text("said", "]]>"))
    }
}

fn parsed(text: &str) -> Option<Request<Body>> {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let (method, target) = line.split_once(' ')?;
    let (headers, body) = rest.split_once("\n\n").unwrap_or((rest, ""));
    let mut request = Request::builder().method(method).uri(target);
    for line in headers.lines() {
        let (name, value) = line.split_once(':')?;
        request = request.header(name, value.trim());
    }
    request.body(Body::from(body.to_owned())).ok()
}

/// Checks that the response is not a server error and can be parsed.
async fn check(response: Response<Body>, wants_body: bool) {
    let status = response.status();
    assert!(!status.is_server_error(), "{status}");
    if status == StatusCode::METHOD_NOT_ALLOWED {
        assert!(response.headers().contains_key(header::ALLOW), "405 says what is allowed");
    }
    let content_type =
        response.headers().get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap().to_owned());
    let content_type = content_type.unwrap_or_default();
    if content_type.starts_with("text/event-stream") {
        return;
    }
    let body = tokio::time::timeout(Duration::from_secs(60), response.into_body().collect()).await;
    let body = body.expect("a response ends").unwrap().to_bytes();
    if !wants_body || body.is_empty() {
        return;
    }
    match content_type.as_str() {
        "application/json" => drop(serde_json::from_slice::<serde_json::Value>(&body).expect("JSON")),
        "application/xml;charset=UTF-8" => check_xml(std::str::from_utf8(&body).expect("UTF-8")),
        _ => {}
    }
}

fn check_xml(text: &str) {
    let mut reader = quick_xml::Reader::from_str(text);
    while reader.read_event().unwrap_or_else(|error| panic!("{error}: {text}"))
        != quick_xml::events::Event::Eof
    {}
}
