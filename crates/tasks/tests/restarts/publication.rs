//! Sealed tasks whose process was killed: recovery publishes what was sealed, until that has worked or is known to be impossible.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use longhaul_tasks::{
    Context, Failure, Job, Lane, PublishError, Registry, Report, SqliteStore, Status, Submission, Task,
    TaskId, Tasks,
    clock::ManualClock,
    store::{Command, Download, Limits, NewTask, Seal, Store as _, WorkerId},
};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::{
    copy_of,
    database::new_task,
    database_in, new_store,
    stage::{done, names, within_reason},
};

const LONG: Duration = Duration::from_secs(60);

/// Seals a file and an intent, and waits.
#[derive(Serialize, Deserialize)]
struct Publishing {
    lane: String,
}

/// What the jobs of a test share.
struct Shared {
    has_sealed: mpsc::Sender<()>,
    /// Jobs wait until it is closed.
    goes_on: Mutex<mpsc::Receiver<()>>,
    /// The intent of each call of `publish`.
    calls: tokio::sync::mpsc::UnboundedSender<serde_json::Value>,
    /// What the calls answer.
    answers: Mutex<mpsc::Receiver<Result<(), PublishError>>>,
}

impl Job for Publishing {
    const KIND: &'static str = "publishing";
    type Env = Arc<Shared>;

    fn description(&self) -> String {
        "Publish.".into()
    }

    fn lanes(&self) -> Vec<Lane> {
        vec![Lane::new(self.lane.as_str())]
    }

    fn run(self, shared: &Arc<Shared>, ctx: &Context) -> Result<Report, Failure> {
        std::fs::write(ctx.result_file("a.gpkg", "a/b")?, "whole")?;
        ctx.seal(&"the intent", &Report::new().text("report", "sealed"))?;
        shared.has_sealed.send(()).unwrap();
        let _ = shared.goes_on.lock().unwrap().recv();
        done()
    }

    fn publish(&self, shared: &Arc<Shared>, intent: serde_json::Value) -> Result<(), PublishError> {
        let _ = shared.calls.send(intent);
        shared.answers.lock().unwrap().recv().unwrap_or(Ok(()))
    }
}

fn not_now() -> Result<(), PublishError> {
    Err(PublishError::Retry(anyhow::anyhow!("the server is away")))
}

/// A process that was killed while a task was sealed, and those that come after it.
struct Killed {
    id: TaskId,
    upload: PathBuf,
    folder: TempDir,
    clock: Arc<ManualClock>,
    shared: Arc<Shared>,
    calls: tokio::sync::mpsc::UnboundedReceiver<serde_json::Value>,
    answers: mpsc::Sender<Result<(), PublishError>>,
    /// What is left of the database.
    database: TempDir,
    _first: Tasks,
    _goes_on: mpsc::Sender<()>,
}

impl Killed {
    async fn new() -> Self {
        let (folder, store, clock) =
            (TempDir::new().unwrap(), TempDir::new().unwrap(), Arc::new(ManualClock::default()));
        let (has_sealed, sealed) = mpsc::channel();
        let (go_on, goes_on) = mpsc::channel();
        let (called, calls) = tokio::sync::mpsc::unbounded_channel();
        let (answers, answer) = mpsc::channel();
        let (goes_on, answer) = (Mutex::new(goes_on), Mutex::new(answer));
        let shared = Arc::new(Shared { has_sealed, goes_on, calls: called, answers: answer });
        let first = start(&shared, new_store(store.path(), clock.clone()), &clock, &folder);
        let upload = folder.path().join("upload");
        std::fs::write(&upload, "upload").unwrap();
        let submission = Submission { files: vec![upload.clone()], ..Submission::default() };
        let id = first.submit(Publishing { lane: "lane".into() }, submission).await.unwrap().id;
        sealed.recv().unwrap();
        let database = copy_of(store.path());
        Self { id, upload, folder, clock, shared, calls, answers, database, _first: first, _goes_on: go_on }
    }

    /// The next process, on what the last one has left.
    fn next_process(&self) -> Tasks {
        start(&self.shared, self.store(), &self.clock, &self.folder)
    }

    fn store(&self) -> SqliteStore {
        new_store(self.database.path(), self.clock.clone())
    }

    /// The process is killed.
    fn kill(&mut self) {
        self.database = copy_of(self.database.path());
    }

    /// Waits until the publication is tried; it waits for its [answer](Self::answer) then.
    async fn is_tried(&mut self) {
        assert_eq!(within_reason(self.calls.recv()).await.unwrap(), "the intent");
    }

    /// Lets time pass until the publication is tried again.
    async fn is_tried_again(&mut self) {
        let intent = within_reason(async {
            loop {
                self.clock.advance(Duration::from_secs(1));
                for _ in 0..1000 {
                    match self.calls.try_recv() {
                        Ok(intent) => return intent,
                        Err(_) => tokio::task::yield_now().await,
                    }
                }
            }
        });
        assert_eq!(intent.await, "the intent");
    }

    fn answer(&self, answer: Result<(), PublishError>) {
        self.answers.send(answer).unwrap();
    }

    async fn ended(&self, tasks: &Tasks) -> Task {
        within_reason(tasks.wait(self.id)).await.unwrap().unwrap()
    }

    async fn assert_finished(&mut self, tasks: &Tasks) {
        let task = self.ended(tasks).await;
        assert_eq!((task.status, task.attempt), (Status::Finished, 1), "{:?}", task.error);
        assert_eq!(*task.result.unwrap(), Report::new().text("report", "sealed"));
        assert!(!self.upload.exists());
        assert!(tasks.result_file(self.id).await.unwrap().is_some());
        assert!(self.calls.try_recv().is_err(), "it is not published again");
    }
}

fn start(shared: &Arc<Shared>, store: SqliteStore, clock: &Arc<ManualClock>, folder: &TempDir) -> Tasks {
    Tasks::builder(Registry::new(shared.clone()).with::<Publishing>())
        .store(store)
        .clock(clock.clone())
        .results(folder.path().join("results"))
        .start()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_task_is_published_and_finished_with_the_sealed_report() {
    let mut killed = Killed::new().await;
    assert_eq!(killed.store().files(), std::slice::from_ref(&killed.upload));
    let next = killed.next_process();
    killed.is_tried().await;
    assert_eq!(next.get(killed.id).await.unwrap().unwrap().status, Status::Running);
    killed.answer(Ok(()));
    killed.assert_finished(&next).await;
    assert_eq!(next.counters().await.unwrap().recoveries.finished, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_task_fails_if_it_can_never_be_published() {
    let mut killed = Killed::new().await;
    let next = killed.next_process();
    killed.is_tried().await;
    killed.answer(Err(PublishError::impossible(anyhow::anyhow!("its branch is gone"))));
    let task = killed.ended(&next).await;
    assert_eq!((task.status, task.attempt), (Status::Failed, 1));
    assert_eq!(task.error.unwrap().message, "its branch is gone");
    assert!(task.result.is_none());
    assert!(!killed.upload.exists());
    assert!(next.result_file(killed.id).await.unwrap().is_none());
    assert!(names(&killed.folder.path().join("results")).is_empty(), "its file is removed");
    assert!(killed.calls.try_recv().is_err(), "it is not tried again");
    assert_eq!(next.counters().await.unwrap().recoveries.given_up, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_that_does_not_work_now_is_tried_again_until_it_does() {
    let mut killed = Killed::new().await;
    let next = killed.next_process();
    let behind = next.submit(Publishing { lane: "lane".into() }, Submission::default()).await.unwrap().id;
    killed.is_tried().await;
    for _ in 0..3 {
        killed.answer(not_now());
        killed.is_tried_again().await;
        let task = next.get(killed.id).await.unwrap().unwrap();
        assert_eq!(task.status, Status::Running);
        let task = next.cancel(killed.id).await.unwrap().unwrap();
        assert_eq!(task.status, Status::Running, "it is too late to cancel");
        assert_eq!(next.get(behind).await.unwrap().unwrap().status, Status::Waiting, "its lane is occupied");
    }
    next.cancel(behind).await.unwrap();
    killed.answer(Ok(()));
    killed.assert_finished(&next).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_is_tried_again_by_the_next_process() {
    let mut killed = Killed::new().await;
    let second = killed.next_process();
    killed.is_tried().await;
    killed.answer(not_now());
    killed.kill();
    let third = killed.next_process();
    killed.is_tried().await;
    killed.answer(not_now());
    // The second process has to stop, so that only the third one tries again.
    assert!(second.stop(LONG).await);
    killed.is_tried_again().await;
    assert_eq!(third.get(killed.id).await.unwrap().unwrap().status, Status::Running);
    killed.answer(Ok(()));
    killed.assert_finished(&third).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_a_publication_that_does_not_work() {
    let mut killed = Killed::new().await;
    let second = killed.next_process();
    killed.is_tried().await;
    killed.answer(not_now());
    assert!(second.stop(LONG).await, "nothing runs");
    killed.kill();
    let third = killed.next_process();
    killed.is_tried().await;
    killed.answer(Ok(()));
    killed.assert_finished(&third).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_sealed_without_an_intent_is_put_in_its_place() {
    for is_lost in [false, true] {
        let killed = Killed::new().await;
        let (folder, store) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let id = seal_a_file(store.path(), &folder.path().join("results"), is_lost).await;
        let store = SqliteStore::open(database_in(store.path())).unwrap();
        let tasks = start(&killed.shared, store, &killed.clock, &folder);
        let task = within_reason(tasks.wait(id)).await.unwrap().unwrap();
        match is_lost {
            false => {
                assert_eq!((task.status, task.error), (Status::Finished, None));
                assert!(tasks.result_file(id).await.unwrap().is_some());
            }
            true => {
                assert_eq!(task.status, Status::Failed);
                assert_eq!(task.error.unwrap().message, "the result file is lost");
            }
        }
    }
}

/// A process seals a task that has only a file to publish, and is killed.
async fn seal_a_file(database: &std::path::Path, results: &std::path::Path, is_lost: bool) -> TaskId {
    let store = SqliteStore::open(database_in(database)).unwrap();
    let task =
        NewTask { kind: Publishing::KIND.into(), job: r#"{"lane":"lane"}"#.into(), ..new_task("Publish.") };
    store.apply(vec![Command::Submit { task, limits: Limits::default() }]).await.unwrap();
    let key = store.claim(&WorkerId::new("first"), &[], 1).await.unwrap()[0].key;
    if !is_lost {
        let unpublished = results.join(format!("{}-1.part", key.id));
        std::fs::create_dir_all(&unpublished).unwrap();
        std::fs::write(unpublished.join("a.gpkg"), "whole").unwrap();
    }
    let download = Some(Arc::new(Download { name: "a.gpkg".into(), media_type: "a/b".into() }));
    let seal = Seal { intent: None, report: Arc::new(Report::new()), download };
    assert_eq!(store.apply(vec![key.seal(seal)]).await.unwrap()[0].result, Ok(()));
    key.id
}
