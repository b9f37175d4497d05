//! An app with slow jobs of its own: one that blocks a thread, and one that awaits. Start it with
//! `cargo run -p longhaul-tasks-web --example minimal -- 127.0.0.1:8000`, then try `curl -X POST localhost:8000/transcode/alien.json`,
//! `curl localhost:8000/tasks/1.json?wait=5` and `curl -H 'staff: yes' 'localhost:8000/tasks/1.json?cancel=true'`.

use std::{env, io, thread, time::Duration};

use axum::{
    Router, ServiceExt,
    extract::{Path, Request, State},
    http::request::Parts,
    response::Response,
    routing::post,
};
use longhaul_tasks::{AsyncJob, Context, Failure, Job, Registry, Report, Submission, Task, Tasks};
use longhaul_tasks_web::{FormatLayer, Permit, Renderer, TasksWeb};
use serde::{Deserialize, Serialize};
use tower::Layer as _;

#[derive(Serialize, Deserialize)]
struct Transcode(String);

impl Job for Transcode {
    const KIND: &'static str = "transcode";
    /// What the app lends its jobs: folders, clients, connections.
    type Env = ();

    fn description(&self) -> String {
        format!("Transcoding {}.", self.0)
    }

    /// Blocks a thread of the pool. `track` counts the frames, and ends the loop if the task is cancelled.
    fn run(self, _: &(), ctx: &Context) -> Result<Report, Failure> {
        ctx.step("Encoding frames...").total(Some(500)).unit("frames");
        ctx.track(0..500).try_for_each(|frame| frame.map(|_| thread::sleep(Duration::from_millis(50))))?;
        Ok(Report::new().element("film", Report::new().text("name", self.0).integer("frames", 500)))
    }
}

#[derive(Serialize, Deserialize)]
struct Announce(String);

impl AsyncJob for Announce {
    const KIND: &'static str = "announce";
    type Env = ();

    fn description(&self) -> String {
        format!("Announcing {}.", self.0)
    }

    /// Awaits, as a call to another server would. A cancel drops the future.
    async fn run(self, _: &(), _: &Context) -> Result<Report, Failure> {
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok(Report::new().integer("posters", 12))
    }
}

async fn transcode(State(tasks): State<Tasks>, Path(film): Path<String>, renderer: Renderer) -> Response {
    renderer.submission(&tasks, tasks.submit(Transcode(film), Submission::default()).await).await
}

async fn announce(State(tasks): State<Tasks>, Path(film): Path<String>, renderer: Renderer) -> Response {
    renderer.submission(&tasks, tasks.submit(Announce(film), Submission::default()).await).await
}

/// Everybody may see all tasks; only the staff may cancel and prune them.
fn access(request: &Parts, _: &Task) -> Permit {
    if request.headers.contains_key("staff") { Permit::Touch } else { Permit::See }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let tasks = Tasks::builder(Registry::new(()).with::<Transcode>().with_async::<Announce>()).start();
    let app = Router::new()
        .route("/transcode/{film}", post(transcode))
        .route("/announce/{film}", post(announce))
        .merge(TasksWeb::new(tasks.clone()).access(access).router())
        .with_state(tasks);
    // Around the router, so that `/announce/alien.json` announces "alien".
    let app = FormatLayer.layer(app);
    let listener = tokio::net::TcpListener::bind(env::args().nth(1).unwrap_or("127.0.0.1:0".into())).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, ServiceExt::<Request>::into_make_service(app)).await
}
