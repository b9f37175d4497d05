//! An app with jobs that do nothing, built of `longhaul-tasks` and `longhaul-tasks-web` like any other.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use axum::extract::{Path as Segment, Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, ServiceExt};
use longhaul_tasks::{Context, Failure, Job, Lane, Registry, Report, SqliteStore, Submission, Tasks};
use longhaul_tasks_web::{FormatLayer, Renderer, TasksWeb};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::Layer;

use super::super::served::Served;

/// The options of the server.
#[derive(clap::Args)]
pub struct NoopServer {
    /// The folder of the durable store
    store: PathBuf,
}

/// Number of concurrent submitters of [`fill`].
const AT_ONCE: u64 = 256;

impl NoopServer {
    /// Starts this program as a server with the store in `folder`.
    pub fn start(folder: &Path) -> Result<Served> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench", "noop-server"]).arg(folder);
        Served::start(command)
    }

    /// Serves until killed. Prints `listening on http://ADDRESS` first, as Longhaul does.
    pub fn run(self) -> Result<()> {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(self.serve())
    }

    async fn serve(self) -> Result<()> {
        let started = Arc::new(Started::default());
        let registry = Registry::new(started.clone()).with::<Noop>();
        let tasks =
            Tasks::builder(registry).keep(Duration::from_secs(24 * 60 * 60)).store(self.store()?).start();
        let app = Router::new()
            .route("/noop", post(submit))
            .route("/waiting/{count}", post(submit_waiting))
            .route("/fill/{count}", post(fill))
            .route("/starts", get(starts))
            .with_state(App { tasks: tasks.clone(), started })
            .merge(TasksWeb::new(tasks).router());
        let app = ServiceExt::<Request>::into_make_service(FormatLayer.layer(app));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        axum::serve(listener, app).await?;
        Ok(())
    }

    fn store(&self) -> Result<SqliteStore> {
        Ok(SqliteStore::open(self.store.join("tasks.sqlite"))?)
    }
}

#[derive(Clone)]
struct App {
    tasks: Tasks,
    started: Arc<Started>,
}

/// The times from submit to start, in microseconds.
struct Started {
    epoch: Instant,
    micros: Mutex<Vec<f64>>,
}

impl Default for Started {
    fn default() -> Self {
        Self { epoch: Instant::now(), micros: Mutex::default() }
    }
}

impl Started {
    fn now(&self) -> u64 {
        self.epoch.elapsed().as_nanos() as u64
    }
}

/// Does nothing and records the time from its submit to its start.
#[derive(Serialize, Deserialize)]
struct Noop {
    /// The time of the submit in nanoseconds of [`Started`]; 0: not recorded.
    submitted: u64,
    lane: Option<Lane>,
    /// Holds its lane until it is cancelled.
    holds: bool,
}

impl Job for Noop {
    const KIND: &'static str = "noop";
    type Env = Arc<Started>;

    fn description(&self) -> String {
        "Doing nothing.".into()
    }

    fn lanes(&self) -> Vec<Lane> {
        self.lane.iter().cloned().collect()
    }

    fn run(self, started: &Arc<Started>, ctx: &Context) -> Result<Report, Failure> {
        if self.submitted > 0 {
            let took = started.now().saturating_sub(self.submitted) as f64 / 1000.0;
            started.micros.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(took);
        }
        if self.holds {
            ctx.park_until(std::future::pending::<()>())?;
        }
        Ok(Report::new())
    }
}

async fn submit(State(app): State<App>, renderer: Renderer) -> Response {
    let noop = Noop { submitted: app.started.now(), lane: None, holds: false };
    let submitted = app.tasks.submit(noop, Submission::default()).await;
    renderer.submission(&app.tasks, submitted).await
}

/// Tasks that wait behind one that never ends; the number of the first of them.
async fn submit_waiting(State(app): State<App>, Segment(count): Segment<u64>) -> Result<String, String> {
    let submit = async |holds| {
        let noop = Noop { submitted: 0, lane: Some(Lane::new("waiting")), holds };
        let task = app.tasks.submit(noop, Submission::default()).await;
        task.map(|task| task.id).map_err(|error| error.to_string())
    };
    submit(true).await?;
    let first = submit(false).await?;
    for _ in 1..count {
        submit(false).await?;
    }
    Ok(first.to_string())
}

/// Tasks of a hundred owners, submitted here and run to their ends.
async fn fill(State(app): State<App>, Segment(count): Segment<u64>) -> Result<String, String> {
    let mut submitters = JoinSet::new();
    for first in 0..AT_ONCE {
        let tasks = app.tasks.clone();
        submitters.spawn(async move {
            for number in (first..count).step_by(AT_ONCE as usize) {
                let owner = Some(format!("owner-{}", number % 100));
                let noop = Noop { submitted: 0, lane: None, holds: false };
                let task = tasks.submit(noop, Submission { owner, ..Submission::default() }).await;
                let id = task.context("submitting")?.id;
                tasks.wait(id).await.context("waiting")?;
            }
            anyhow::Ok(())
        });
    }
    for submitted in submitters.join_all().await {
        submitted.map_err(|error| format!("{error:#}"))?;
    }
    Ok(count.to_string())
}

/// What was measured since it was last asked, in microseconds.
async fn starts(State(app): State<App>) -> axum::body::Bytes {
    let micros =
        std::mem::take(&mut *app.started.micros.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    serde_json::to_vec(&micros).unwrap_or_default().into()
}
