//! A web application with one slow job: it thumbnails an album. Run it with a folder for its database:
//!
//! ```text
//! cargo run --manifest-path examples/embedding/Cargo.toml -- /tmp/albums 127.0.0.1:8000
//! curl -X POST -H 'user: jo' localhost:8000/albums/summer/thumbnails.json
//! curl -H 'user: jo' 'localhost:8000/tasks/1.json?wait=10'
//! curl -H 'user: jo' -X DELETE localhost:8000/tasks/1.json
//! ```
//!
//! Ctrl-C stops it. A task that was running then starts again with the next run of the program.

use std::{env, future::Future, path::Path, time::Duration};

use anyhow::Context as _;
use axum::{
    Router, ServiceExt,
    extract::{self, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    response::{IntoResponse, Response},
    routing::post,
};
use longhaul_tasks::{Context, Failure, Job, Registry, Report, SqliteStore, Submission, Task, Tasks};
use longhaul_tasks_web::{ApiError, FormatLayer, Permit, Renderer, TasksWeb};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tower::Layer as _;

/// What all jobs share: connections, folders, clients of other services.
pub struct Environment {
    /// How long one picture takes.
    pub picture: Duration,
}

/// The job. It is stored as JSON until the task has ended.
#[derive(Serialize, Deserialize)]
struct MakeThumbnails {
    album: String,
    pictures: u64,
}

impl Job for MakeThumbnails {
    /// The name of the job in the database: it must never change.
    const KIND: &'static str = "make-thumbnails";
    type Env = Environment;

    fn description(&self) -> String {
        format!("Making thumbnails of {}.", self.album)
    }

    /// Runs on a thread of the worker pool, so it may block. `track` counts the progress, and returns an error when the task
    /// is cancelled.
    fn run(self, env: &Environment, ctx: &Context) -> Result<Report, Failure> {
        ctx.step("Making thumbnails...").total(Some(self.pictures)).unit("pictures");
        for picture in ctx.track(0..self.pictures) {
            picture?;
            std::thread::sleep(env.picture);
        }
        Ok(Report::new().text("album", self.album).integer("thumbnails", self.pictures as i64))
    }
}

/// Opens the database, in which tasks survive a restart, and starts the workers.
pub fn start_tasks(folder: &Path, env: Environment) -> anyhow::Result<Tasks> {
    std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let store = SqliteStore::open(folder.join("tasks.sqlite")).context("opening the task database")?;
    let registry = Registry::new(env).with::<MakeThumbnails>();
    Ok(Tasks::builder(registry).store(store).workers(2).keep(Duration::from_secs(3600)).start())
}

/// The user's name. A real application verifies a session or a token here.
fn user(headers: &HeaderMap) -> Option<&str> {
    headers.get("user")?.to_str().ok()
}

/// Everybody sees their own tasks only.
fn own_tasks(request: &Parts, task: &Task) -> Permit {
    match user(&request.headers) {
        Some(user) if task.owner.as_deref() == Some(user) => Permit::Touch,
        _ => Permit::Nothing,
    }
}

async fn make_thumbnails(
    State(tasks): State<Tasks>,
    extract::Path(album): extract::Path<String>,
    headers: HeaderMap,
    renderer: Renderer,
) -> Response {
    let Some(user) = user(&headers) else {
        return ApiError::new(StatusCode::UNAUTHORIZED, "Who are you?").into_response();
    };
    let job = MakeThumbnails { album, pictures: 100 };
    let submission = Submission { owner: Some(user.to_owned()), ..Submission::default() };
    renderer.submission(&tasks, tasks.submit(job, submission).await).await
}

/// Serves until `stop` completes. Then running jobs get five seconds to end; the others start again with the next run.
pub async fn serve(
    listener: TcpListener,
    tasks: Tasks,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let app = Router::new()
        .route("/albums/{album}/thumbnails", post(make_thumbnails))
        .merge(TasksWeb::new(tasks.clone()).access(own_tasks).router())
        .with_state(tasks.clone());
    // Outside of the router, because it takes `.json` and `.xml` off the path before a route is chosen.
    let app = FormatLayer.layer(app);
    axum::serve(listener, ServiceExt::<Request>::into_make_service(app)).with_graceful_shutdown(stop).await?;
    tasks.stop(Duration::from_secs(5)).await;
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = env::args().nth(1).context("usage: embedding FOLDER [ADDRESS]")?;
    let listener = TcpListener::bind(env::args().nth(2).unwrap_or("127.0.0.1:0".into())).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let tasks = start_tasks(Path::new(&folder), Environment { picture: Duration::from_millis(100) })?;
    let ctrl_c = async { drop(tokio::signal::ctrl_c().await) };
    serve(listener, tasks, ctrl_c).await
}

#[cfg(test)]
mod tests;
