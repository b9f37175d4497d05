//! A server with a no-op job, which embeds the task crates.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::{Path as Segment, State};
use axum::response::Response;
use axum::routing::{get, post};
use longhaul_tasks::{Context, Failure, Job, Lane, Registry, Report, SqliteStore, Submission, Tasks};
use longhaul_tasks_web::{Printer, TasksWeb};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

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
            .route("/noop.json", post(submit))
            .route("/waiting/{count}", post(submit_waiting))
            .route("/fill/{count}", post(fill))
            .route("/starts", get(starts))
            .merge(TasksWeb::new(tasks.clone()).router())
            .with_state(AppState { tasks, started });
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
struct AppState {
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

async fn submit(State(state): State<AppState>, printer: Printer) -> Response {
    let noop = Noop { submitted: state.started.now(), lane: None, holds: false };
    let submitted = state.tasks.submit(noop, Submission::default()).await;
    printer.submission(&state.tasks, submitted).await
}

/// Submits tasks that wait for the lane of a task that never ends; returns the id of the first.
async fn submit_waiting(
    State(state): State<AppState>,
    Segment(count): Segment<u64>,
) -> Result<String, String> {
    let submit = async |holds| {
        let noop = Noop { submitted: 0, lane: Some(Lane::new("waiting")), holds };
        let task = state.tasks.submit(noop, Submission::default()).await;
        task.map(|task| task.id).map_err(|error| error.to_string())
    };
    submit(true).await?;
    let first = submit(false).await?;
    for _ in 1..count {
        submit(false).await?;
    }
    Ok(first.to_string())
}

/// Submits tasks of a hundred owners and waits for their end.
async fn fill(State(state): State<AppState>, Segment(count): Segment<u64>) -> Result<String, String> {
    let mut submitters = JoinSet::new();
    for first in 0..AT_ONCE {
        let tasks = state.tasks.clone();
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

/// Returns and clears the recorded times, in microseconds.
async fn starts(State(state): State<AppState>) -> axum::body::Bytes {
    let micros =
        std::mem::take(&mut *state.started.micros.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    serde_json::to_vec(&micros).unwrap_or_default().into()
}
