//! Jobs that await.

use std::sync::{Arc, Mutex};

use longhaul_tasks::{AsyncJob, Context, Failure, Registry, Report, Status, Submission, Tasks};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::stage::within_reason;

#[derive(Serialize, Deserialize)]
enum Nap {
    Wake,
    Panic,
    Seal,
    Forever,
}

/// Told when a nap that lasts for ever has begun, and noticing when it is dropped.
#[derive(Default)]
struct Bedroom {
    asleep: Mutex<Option<oneshot::Sender<()>>>,
    dropped: Arc<()>,
}

impl AsyncJob for Nap {
    const KIND: &'static str = "nap";
    type Env = Bedroom;

    fn description(&self) -> String {
        "Take a nap.".into()
    }

    async fn run(self, env: &Bedroom, ctx: &Context) -> Result<Report, Failure> {
        tokio::spawn(tokio::task::yield_now()).await?;
        match self {
            Self::Wake => Ok(Report::new().text("woke", "rested")),
            Self::Panic => panic!("a bad dream"),
            Self::Seal => {
                let report = Report::new().text("woke", "sealed");
                ctx.seal(&(), &report)?;
                tokio::task::yield_now().await;
                Ok(report)
            }
            Self::Forever => {
                let _held = env.dropped.clone();
                env.asleep.lock().unwrap().take().unwrap().send(()).unwrap();
                std::future::pending().await
            }
        }
    }
}

fn start(env: Bedroom) -> Tasks {
    Tasks::builder(Registry::new(env).with_async::<Nap>()).workers(1).start()
}

async fn run(tasks: &Tasks, nap: Nap) -> longhaul_tasks::Task {
    let id = tasks.submit(nap, Submission::default()).await.unwrap().id;
    within_reason(tasks.wait(id)).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_async_job_awaits_seals_panics_and_frees_its_slot() {
    let tasks = start(Bedroom::default());
    let woke = run(&tasks, Nap::Wake).await;
    assert_eq!(
        (woke.status, &*woke.result.unwrap()),
        (Status::Finished, &Report::new().text("woke", "rested"))
    );
    let panicked = run(&tasks, Nap::Panic).await;
    assert_eq!(panicked.error.unwrap().message, "the job panicked");
    let sealed = run(&tasks, Nap::Seal).await;
    assert_eq!(*sealed.result.unwrap(), Report::new().text("woke", "sealed"));
}

#[tokio::test]
async fn an_async_job_runs_beside_a_runtime_of_one_thread() {
    assert_eq!(run(&start(Bedroom::default()), Nap::Wake).await.status, Status::Finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_async_job_is_dropped_as_soon_as_it_is_cancelled() {
    let (asleep, is_asleep) = oneshot::channel();
    let dropped = Arc::new(());
    let tasks = start(Bedroom { asleep: Mutex::new(Some(asleep)), dropped: dropped.clone() });
    let id = tasks.submit(Nap::Forever, Submission::default()).await.unwrap().id;
    is_asleep.await.unwrap();
    assert_eq!(Arc::strong_count(&dropped), 3);
    tasks.cancel(id).await.unwrap();
    let task = within_reason(tasks.wait(id)).await.unwrap().unwrap();
    assert_eq!(task.status, Status::Cancelled);
    assert_eq!(Arc::strong_count(&dropped), 2, "what it held is gone");
}
