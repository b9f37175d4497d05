//! An engine with a new store and a clock that stands still, and a job that does what a test tells it.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
        mpsc,
    },
    time::Duration,
};

use longhaul_tasks::{
    Builder, Cancelled, Context, Failure, Job, Lane, PublishError, Registry, Report, Submission, SubmitError,
    Task, TaskId, Tasks, clock::ManualClock, store::Store,
};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::new_store;

pub struct Stage {
    pub tasks: Tasks,
    pub clock: Arc<ManualClock>,
    pub folder: TempDir,
    /// Where the store may keep its files.
    #[allow(dead_code, reason = "only tests of restarts look at them")]
    pub store: TempDir,
    scripts: Scripts,
    next: AtomicU64,
}

pub type Outcome = Result<Report, Failure>;
type Script = Box<dyn FnOnce(&Context) -> Outcome + Send>;

/// What the jobs that wait should do, by the number that stands in the stored job; and which intents were published.
#[derive(Clone, Default)]
pub struct Scripts(Arc<Mutex<HashMap<u64, Script>>>);

/// Does what the script of its number says.
#[derive(Serialize, Deserialize)]
pub struct Scripted {
    number: u64,
    lanes: Vec<String>,
}

impl Job for Scripted {
    const KIND: &'static str = "scripted";
    type Env = Scripts;

    fn description(&self) -> String {
        format!("Do what script {} says.", self.number)
    }

    fn lanes(&self) -> Vec<Lane> {
        self.lanes.iter().map(|lane| Lane::new(lane.as_str())).collect()
    }

    fn run(self, env: &Scripts, ctx: &Context) -> Outcome {
        let script = env.0.lock().unwrap().remove(&self.number);
        script.expect("a task is run once")(ctx)
    }

    fn publish(&self, _: &Scripts, intent: serde_json::Value) -> Result<(), PublishError> {
        match intent == "published" {
            true => Ok(()),
            false => Err(PublishError::impossible(anyhow::anyhow!("nothing was published"))),
        }
    }
}

impl Stage {
    pub fn new(workers: usize) -> Self {
        Self::with(|builder| builder.workers(workers))
    }

    pub fn with(setup: impl FnOnce(Builder) -> Builder) -> Self {
        let clock = Arc::new(ManualClock::default());
        let (folder, store) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let scripts = Scripts::default();
        let builder = Tasks::builder(Registry::new(scripts.clone()).with::<Scripted>())
            .store(new_store(store.path(), clock.clone()))
            .clock(clock.clone())
            .files(folder.path())
            .results(folder.path().join("results"));
        Self { tasks: setup(builder).start(), clock, folder, store, scripts, next: AtomicU64::new(0) }
    }

    pub fn job(&self, lanes: &[&str], script: impl FnOnce(&Context) -> Outcome + Send + 'static) -> Scripted {
        let number = self.next.fetch_add(1, SeqCst);
        self.scripts.0.lock().unwrap().insert(number, Box::new(script));
        Scripted { number, lanes: lanes.iter().map(|lane| lane.to_string()).collect() }
    }

    /// The number of the next job's script.
    pub fn next_number(&self) -> u64 {
        self.next.load(SeqCst)
    }

    /// What the job of this number should do when it is run once more.
    pub fn script_again(&self, number: u64, script: impl FnOnce(&Context) -> Outcome + Send + 'static) {
        self.scripts.0.lock().unwrap().insert(number, Box::new(script));
    }

    /// Another engine with the same jobs and folders, on a store that this one's tasks may be in.
    pub fn successor(&self, store: impl Store) -> Tasks {
        Tasks::builder(Registry::new(self.scripts.clone()).with::<Scripted>())
            .store(store)
            .clock(self.clock.clone())
            .files(self.folder.path())
            .results(self.folder.path().join("results"))
            .start()
    }

    pub async fn submit(&self, script: impl FnOnce(&Context) -> Outcome + Send + 'static) -> TaskId {
        self.submit_in(&[], script).await
    }

    pub async fn submit_in(
        &self,
        lanes: &[&str],
        script: impl FnOnce(&Context) -> Outcome + Send + 'static,
    ) -> TaskId {
        self.tasks.submit(self.job(lanes, script), Submission::default()).await.unwrap().id
    }

    pub async fn try_submit(
        &self,
        script: impl FnOnce(&Context) -> Outcome + Send + 'static,
    ) -> Result<Task, SubmitError> {
        self.tasks.submit(self.job(&[], script), Submission::default()).await
    }

    /// A task that has begun and goes on when it is told to; then it passes on a cancel if there was one.
    pub async fn submit_held(&self, lanes: &[&str]) -> Held {
        let (has_begun, begun) = tokio::sync::oneshot::channel();
        let (release, released) = mpsc::channel::<()>();
        let script = move |ctx: &Context| {
            let _ = has_begun.send(());
            let _ = released.recv();
            ctx.check()?;
            done()
        };
        let number = self.next_number();
        let id = self.submit_in(lanes, script).await;
        Held { id, number, begun: Some(begun), release }
    }

    /// A file that was made for a task.
    pub fn upload(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, "upload").unwrap();
        path
    }

    /// What is in the folder for results, sorted.
    pub fn results(&self) -> Vec<String> {
        names(&self.folder.path().join("results"))
    }

    pub async fn get(&self, id: TaskId) -> Task {
        self.tasks.get(id).await.unwrap().expect("the task is there")
    }

    pub async fn wait(&self, id: TaskId) -> Task {
        within_reason(self.tasks.wait(id)).await.unwrap().expect("the task is there")
    }
}

/// A task that stands still in the middle of its job.
pub struct Held {
    pub id: TaskId,
    pub number: u64,
    begun: Option<tokio::sync::oneshot::Receiver<()>>,
    release: mpsc::Sender<()>,
}

impl Held {
    pub async fn begun(&mut self) {
        within_reason(self.begun.take().unwrap()).await.unwrap();
    }

    pub fn release(&self) {
        let _ = self.release.send(());
    }
}

pub fn done() -> Outcome {
    Ok(Report::new().text("said", "done"))
}

/// Does nothing until it is cancelled; only `check` is used, as a job in a long loop would.
pub fn spin(ctx: &Context) -> Cancelled {
    loop {
        if let Err(cancelled) = ctx.check() {
            return cancelled;
        }
        std::thread::yield_now();
    }
}

/// Ends a test that would otherwise hang; no test depends on how long this is.
pub async fn within_reason<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it should not take a minute")
}

pub fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
