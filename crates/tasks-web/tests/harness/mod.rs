//! A small app with tasks of its own: the real engine under the real routes.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::fs;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use longhaul_tasks::{
    AsyncJob, Builder, Context, Failure, Lane, Registry, Report, Submission, SubmitError, Task, TaskId, Tasks,
};
use longhaul_tasks_web::{FormatLayer, FormatService, TasksWeb};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::{
    sync::{Notify, Semaphore, watch},
    task::JoinSet,
};
use tower::{Layer as _, ServiceExt as _};

/// What jobs share with the test.
pub struct Stage {
    begun: Notify,
    may_end: Semaphore,
    /// How far a held task should be, and whether it is.
    count: watch::Sender<u64>,
    counted: Notify,
}

/// What the harness does.
#[derive(Serialize, Deserialize)]
pub enum Work {
    /// Ends at once with a report.
    Say(String),
    /// Says that it has begun, and ends when the test lets it; one at a time.
    Hold,
    /// Fails.
    Fail,
    /// Makes a file.
    Film { name: String, media_type: String, content: String },
}

impl AsyncJob for Work {
    const KIND: &'static str = "work";
    type Env = std::sync::Arc<Stage>;

    fn description(&self) -> String {
        match self {
            Self::Say(text) => format!("Saying {text}."),
            Self::Hold => "Holding the stage.".into(),
            Self::Fail => "Failing.".into(),
            Self::Film { name, .. } => format!("Filming {name}."),
        }
    }

    fn lanes(&self) -> Vec<Lane> {
        match self {
            Self::Hold => vec![Lane::new("stage")],
            _ => vec![],
        }
    }

    async fn run(self, stage: &Self::Env, ctx: &Context) -> Result<Report, Failure> {
        match self {
            Self::Say(text) => Ok(Report::new().text("said", text)),
            Self::Hold => {
                ctx.step("Holding...").unit("minutes");
                ctx.reach(3)?;
                let mut count = stage.count.subscribe();
                stage.begun.notify_one();
                loop {
                    tokio::select! {
                        end = stage.may_end.acquire() => {
                            end?.forget();
                            return Ok(Report::new());
                        }
                        counted = count.changed() => {
                            counted?;
                            ctx.reach(*count.borrow_and_update())?;
                            stage.counted.notify_one();
                        }
                    }
                }
            }
            Self::Fail => {
                Err(Failure::new(anyhow::anyhow!("the light went out").context("failing as asked")))
            }
            Self::Film { name, media_type, content } => {
                fs::write(ctx.result_file(&name, &media_type)?, content)?;
                Ok(Report::new().result_file(media_type))
            }
        }
    }
}

/// The app.
pub struct Harness {
    pub tasks: Tasks,
    pub folder: TempDir,
    stage: std::sync::Arc<Stage>,
}

impl Harness {
    pub fn open() -> Self {
        Self::open_with(|builder| builder)
    }

    /// With settings of its own.
    pub fn open_with(set_up: impl FnOnce(Builder) -> Builder) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let stage = std::sync::Arc::new(Stage {
            begun: Notify::new(),
            may_end: Semaphore::new(0),
            count: watch::Sender::default(),
            counted: Notify::new(),
        });
        let registry = Registry::new(stage.clone()).with_async::<Work>();
        let tasks = set_up(Tasks::builder(registry).results(folder.path())).start();
        Self { tasks, folder, stage }
    }

    /// The app with the routes as they are without any setting.
    pub fn app(&self) -> App {
        app(self.web().router())
    }

    pub fn web(&self) -> TasksWeb {
        TasksWeb::new(self.tasks.clone())
    }

    pub async fn submit(&self, work: Work) -> Result<Task, SubmitError> {
        self.tasks.submit(work, Submission::default()).await
    }

    async fn done(&self, work: Work) -> TaskId {
        let id = self.submit(work).await.expect("a task").id;
        self.tasks.wait(id).await.expect("an end");
        id
    }

    /// A FINISHED task with an owner and a subject.
    pub async fn said_for(&self, owner: &str, subject: &str) -> TaskId {
        let submission =
            Submission { owner: Some(owner.into()), subject: Some(subject.into()), ..Submission::default() };
        let id = self.tasks.submit(Work::Say(subject.into()), submission).await.expect("a task").id;
        self.tasks.wait(id).await.expect("an end");
        id
    }

    /// A task that is FINISHED.
    pub async fn said(&self, text: &str) -> TaskId {
        self.done(Work::Say(text.into())).await
    }

    /// A task that is FAILED.
    pub async fn failed(&self) -> TaskId {
        self.done(Work::Fail).await
    }

    /// A FINISHED task with a file.
    pub async fn filmed(&self, media_type: &str, content: &str) -> TaskId {
        let (name, media_type, content) = ("film.gpkg".into(), media_type.into(), content.into());
        self.done(Work::Film { name, media_type, content }).await
    }

    /// A task that is RUNNING until [`release`](Self::release).
    pub async fn running(&self) -> TaskId {
        let id = self.submit(Work::Hold).await.expect("a task").id;
        self.begun().await;
        id
    }

    /// Waits until a task that runs has made its first progress, and makes no more by itself.
    pub async fn begun(&self) {
        self.stage.begun.notified().await;
    }

    /// Lets the running task get this far, and waits until it has.
    pub async fn count(&self, done: u64) {
        self.stage.count.send_replace(done);
        self.stage.counted.notified().await;
    }

    /// A task that is WAITING behind one that runs.
    pub async fn waiting(&self) -> TaskId {
        self.submit(Work::Hold).await.expect("a task").id
    }

    /// Lets one running task end, and waits until it has.
    pub async fn release(&self, id: TaskId) {
        self.stage.may_end.add_permits(1);
        self.tasks.wait(id).await.expect("an end");
    }
}

/// An app with the formats around its routes.
pub type App = FormatService<Router>;

pub fn app(router: Router) -> App {
    FormatLayer.layer(router)
}

/// A response, wholly read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The status of the task that the body, JSON, tells of.
    pub fn task_status(&self) -> String {
        self.json()["task"]["status"].as_str().expect("a task").to_owned()
    }
}

/// Sends a request with these headers.
pub async fn send(router: &App, method: Method, uri: &str, headers: &[(&str, &str)]) -> Answer {
    send_body(router, method, uri, headers, "").await
}

/// Sends a request with these headers and a body.
pub async fn send_body(
    router: &App,
    method: Method,
    uri: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).expect("a request");
    let response = router.clone().oneshot(request).await.expect("a response");
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a whole body");
    let body = String::from_utf8(body.to_vec()).expect("UTF-8");
    Answer { status: head.status, headers: head.headers, body }
}

pub async fn post(router: &App, uri: &str) -> Answer {
    send(router, Method::POST, uri, &[("host", "localhost:8182")]).await
}

pub async fn get(router: &App, uri: &str) -> Answer {
    send(router, Method::GET, uri, &[("host", "localhost:8182")]).await
}

/// A request that is being answered; by the time it is polled again it waits.
pub async fn waiting(request: impl Future<Output = Answer> + Send + 'static) -> JoinSet<Answer> {
    let mut set = JoinSet::new();
    set.spawn(request);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(set.try_join_next().is_none(), "there is nothing to tell yet");
    set
}

pub async fn answered(mut set: JoinSet<Answer>) -> Answer {
    set.join_next().await.expect("a request").expect("an answer")
}
