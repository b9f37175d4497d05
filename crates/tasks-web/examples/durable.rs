//! An app whose tasks outlive it: they are stored in SQLite and have owners, repeated requests are recognized, and Ctrl-C stops it
//! gracefully. Start it with `cargo run -p longhaul-tasks-web --example durable -- 127.0.0.1:8000`, then try
//!
//! ```text
//! curl -X POST -H 'user: jo' -H 'Idempotency-Key: 1' 'localhost:8000/backup.json?folder=photos'
//! curl -H 'user: jo' localhost:8000/tasks/1.json
//! curl -H 'user: al' localhost:8000/tasks/1.json
//! ```
//!
//! If it is stopped in the middle of a backup, it continues with it at the next start.

use std::{env, thread, time::Duration};

use axum::{
    Router, ServiceExt,
    extract::{Request, State},
    http::{HeaderMap, request::Parts},
    response::Response,
    routing::post,
};
use longhaul_tasks::{Context, Failure, Job, Registry, Report, SqliteStore, Submission, Task, Tasks};
use longhaul_tasks_web::{ApiError, FormatLayer, Permit, Query, Renderer, TasksWeb, idempotency};
use serde::{Deserialize, Serialize};
use tower::Layer as _;

/// How long requests and tasks may take to end when the app stops.
const GRACE: Duration = Duration::from_secs(10);

#[derive(Serialize, Deserialize)]
struct Backup {
    folder: String,
}

impl Job for Backup {
    const KIND: &'static str = "backup";
    type Env = ();

    fn description(&self) -> String {
        format!("Backing up {}.", self.folder)
    }

    fn run(self, _: &(), ctx: &Context) -> Result<Report, Failure> {
        ctx.step("Copying files...").total(Some(200)).unit("files");
        ctx.track(0..200).try_for_each(|file| file.map(|_| thread::sleep(Duration::from_millis(100))))?;
        Ok(Report::new().integer("files", 200))
    }
}

#[derive(Deserialize)]
struct BackupParams {
    folder: String,
}

async fn backup(
    State(tasks): State<Tasks>,
    renderer: Renderer,
    Query(params): Query<BackupParams>,
    request: Request,
) -> Result<Response, ApiError> {
    let (request, _) = request.into_parts();
    let submission = Submission {
        owner: user(&request.headers),
        idempotency: idempotency(&request, [("folder", params.folder.as_str())], None)?,
        ..Submission::default()
    };
    let submitted = tasks.submit(Backup { folder: params.folder }, submission).await;
    Ok(renderer.submission(&tasks, submitted).await)
}

/// Who sends a request. A real app finds out in a layer of its own, and puts it into the request's extensions.
fn user(headers: &HeaderMap) -> Option<String> {
    headers.get("user")?.to_str().ok().map(str::to_owned)
}

/// Each user sees and touches their own tasks.
fn access(request: &Parts, task: &Task) -> Permit {
    let user = user(&request.headers);
    if user.is_some() && task.owner.as_deref() == user.as_deref() { Permit::Touch } else { Permit::Nothing }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let store = SqliteStore::open(env::temp_dir().join("backups.sqlite"))?;
    let tasks = Tasks::builder(Registry::new(()).with::<Backup>()).store(store).start();
    let app = Router::new()
        .route("/backup", post(backup))
        .merge(TasksWeb::new(tasks.clone()).access(access).router())
        .with_state(tasks.clone());
    let app = ServiceExt::<Request>::into_make_service(FormatLayer.layer(app));
    let listener = tokio::net::TcpListener::bind(env::args().nth(1).unwrap_or("127.0.0.1:0".into())).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // Once the tasks are stopping, long polls and event streams end, so that the connections can close.
    let stopping = tasks.clone();
    let stop = async move {
        let _ = tokio::signal::ctrl_c().await;
        tokio::spawn(async move { stopping.stop(GRACE).await });
    };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    tasks.stop(GRACE).await;
    Ok(())
}
