//! What is seen while a batch is on its way to the disk, and after the disk has refused it.

use std::{
    future::poll_fn,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc,
    },
    task::Poll,
};

use longhaul_tasks::{
    Filter, Idempotency, Lane, Priority, Report, SqliteStore, Status, StoreError, TaskId, Totals,
    store::{AttemptKey, Claimed, Command, End, Limits, NewTask, Outcome, Store as _, TaskCommand, WorkerId},
};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::{copy_of, database_in, stage::within_reason};

/// A store whose commits wait, if a test wants it, until the test says what becomes of them.
struct GatedStore {
    store: SqliteStore,
    folder: TempDir,
    worker: WorkerId,
    is_gated: Arc<AtomicBool>,
    begun: mpsc::Receiver<()>,
    results: mpsc::Sender<io::Result<()>>,
}

impl GatedStore {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let is_gated = Arc::new(AtomicBool::new(false));
        let (begins, begun) = mpsc::channel();
        let (results, result) = mpsc::channel();
        let (gate, result) = (is_gated.clone(), Mutex::new(result));
        let before_commit = move || match gate.swap(false, SeqCst) {
            false => Ok(()),
            true => {
                begins.send(()).unwrap();
                result.lock().unwrap().recv().unwrap()
            }
        };
        let store =
            SqliteStore::options().before_commit(before_commit).open(database_in(folder.path())).unwrap();
        Self { store, folder, worker: WorkerId::new("worker"), is_gated, begun, results }
    }

    /// Applies the commands; returns when they are about to be committed.
    fn begin(&self, commands: Vec<Command>) -> JoinHandle<Result<Vec<Outcome>, StoreError>> {
        self.is_gated.store(true, SeqCst);
        let store = self.store.clone();
        let applied = tokio::spawn(async move { store.apply(commands).await });
        self.begun.recv().unwrap();
        applied
    }

    async fn commit(&self, applied: JoinHandle<Result<Vec<Outcome>, StoreError>>) -> Vec<Outcome> {
        self.results.send(Ok(())).unwrap();
        within_reason(applied).await.unwrap().unwrap()
    }

    /// The disk refuses the commit; it works again afterwards.
    async fn refuse(&self, applied: JoinHandle<Result<Vec<Outcome>, StoreError>>) {
        self.results.send(Err(io::Error::other("no space left on device"))).unwrap();
        assert!(within_reason(applied).await.unwrap().is_err());
        // The disk is tried again.
        let unknown = Command::Prune { id: TaskId(999) };
        within_reason(self.store.apply(vec![unknown])).await.unwrap();
        assert!(self.store.health().is_ok());
    }

    async fn apply(&self, command: Command) -> Outcome {
        self.store.apply(vec![command]).await.unwrap().remove(0)
    }

    async fn submit(&self, lanes: &[&str]) -> TaskId {
        self.apply(submit(new_task(lanes))).await.record.unwrap().task.id
    }

    async fn claim(&self) -> Vec<Claimed> {
        within_reason(self.store.claim(&self.worker, &[], 9)).await.unwrap()
    }

    async fn submit_and_claim(&self, lanes: &[&str]) -> AttemptKey {
        let id = self.submit(lanes).await;
        let claimed = self.claim().await;
        assert_eq!((claimed.len(), claimed[0].key.id), (1, id));
        claimed[0].key
    }

    async fn seen(&self) -> (String, Totals) {
        let page = self.store.page(&Filter::default()).await.unwrap();
        (format!("{page:?}"), self.store.totals(&Filter::default()).await.unwrap())
    }

    async fn status(&self, id: TaskId) -> Option<Status> {
        let record = self.store.get(&[id]).await.unwrap().remove(0);
        record.map(|record| record.task.status)
    }
}

fn new_task(lanes: &[&str]) -> NewTask {
    NewTask {
        kind: "check".into(),
        job: "{}".into(),
        description: "Check.".into(),
        lanes: lanes.iter().map(|lane| Lane::new(*lane)).collect(),
        subject: None,
        priority: Priority::Normal,
        owner: Some("ann".into()),
        transaction: None,
        files: Vec::new(),
        idempotency: None,
    }
}

fn submit(task: NewTask) -> Command {
    Command::Submit { task, limits: Limits::default() }
}

fn cancel(id: TaskId) -> Command {
    Command::Change { id, command: TaskCommand::Cancel }
}

fn finished() -> End {
    End::Finished(Arc::new(Report::new()))
}

fn with_key(fingerprint: &str) -> NewTask {
    let idempotency = Some(Idempotency { key: "key".into(), fingerprint: fingerprint.into() });
    NewTask { idempotency, ..new_task(&["a"]) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_neither_seen_nor_claimed_before_it_is_on_the_disk() {
    let gated = GatedStore::new();
    let applied = gated.begin(vec![submit(new_task(&[]))]);
    assert_eq!(gated.seen().await.1.all(), 0);
    assert_eq!(gated.status(TaskId(1)).await, None);
    assert!(gated.claim().await.is_empty());
    let crashed = copy_of(gated.folder.path());
    let left = SqliteStore::open(database_in(crashed.path())).unwrap();
    assert!(left.page(&Filter::default()).await.unwrap().records.is_empty());

    let id = gated.commit(applied).await[0].record.as_ref().unwrap().task.id;
    assert_eq!((id, gated.status(id).await), (TaskId(1), Some(Status::Waiting)));
    assert_eq!(gated.claim().await[0].key.id, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_the_disk_refuses_leaves_neither_task_nor_lane_nor_key() {
    let gated = GatedStore::new();
    let running = gated.submit_and_claim(&["b"]).await;
    let ended = gated.submit_and_claim(&[]).await;
    gated.apply(ended.end(finished())).await.result.unwrap();
    let waiting = gated.submit(&["c"]).await;
    let before = gated.seen().await;

    let applied = gated.begin(vec![
        submit(with_key("this")),
        submit(new_task(&["d"])),
        cancel(waiting),
        cancel(running.id),
        running.end_and_keep_lanes(End::Cancelled),
        Command::Prune { id: ended.id },
        Command::Prune { id: waiting },
    ]);
    assert_eq!(gated.seen().await, before, "nothing is seen before it is written");
    assert!(gated.claim().await.is_empty());
    gated.refuse(applied).await;

    assert_eq!(gated.seen().await, before);
    assert_eq!(gated.claim().await[0].key.id, waiting, "it still waits");
    let task = with_key("that");
    let limits = Limits { max_unfinished: 3, max_per_owner: 3, max_tasks: 4, ..Limits::default() };
    let accepted = gated.apply(Command::Submit { task, limits }).await;
    assert_eq!(accepted.result, Ok(()), "the refused tasks count for no limit, and their key is free");
    let id = accepted.record.unwrap().task.id;
    assert_eq!(id, TaskId(waiting.0 + 3), "an id is not given out twice");
    assert_eq!(gated.claim().await[0].key.id, id, "the lanes of the refused tasks are free");
    assert_eq!(gated.apply(running.end(finished())).await.result, Ok(()), "no cancel was asked for");
    assert_eq!(gated.apply(Command::Prune { id: ended.id }).await.result, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_task_is_not_claimed_while_its_cancel_is_being_written() {
    for is_refused in [false, true] {
        let gated = GatedStore::new();
        let running = gated.submit_and_claim(&[]).await;
        gated.store.enter(running, Lane::new("a")).await.unwrap();
        let waiting = gated.submit(&["a"]).await;
        let applied = gated.begin(vec![cancel(waiting)]);
        // Its lane becomes free meanwhile, is entered again, and is left again.
        for _ in 0..2 {
            gated.store.leave(running, Lane::new("a")).await.unwrap();
            assert!(gated.claim().await.is_empty(), "its cancel comes first");
            within_reason(gated.store.enter(running, Lane::new("a"))).await.unwrap();
        }
        gated.store.leave(running, Lane::new("a")).await.unwrap();
        assert!(gated.claim().await.is_empty());
        match is_refused {
            false => {
                gated.commit(applied).await;
                assert_eq!(gated.status(waiting).await, Some(Status::Cancelled));
                assert!(gated.claim().await.is_empty());
            }
            true => {
                gated.refuse(applied).await;
                assert_eq!(gated.status(waiting).await, Some(Status::Waiting));
                assert_eq!(gated.claim().await[0].key.id, waiting, "it is not cancelled");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_is_free_only_when_the_end_of_its_task_is_written() {
    for is_refused in [false, true] {
        let gated = GatedStore::new();
        let running = gated.submit_and_claim(&["a"]).await;
        let other = gated.submit_and_claim(&[]).await;
        let waiting = gated.submit(&["a"]).await;
        let applied = gated.begin(vec![running.end(finished())]);
        assert!(gated.claim().await.is_empty());
        let mut entering = gated.store.enter(other, Lane::new("a"));
        let is_waiting = poll_fn(|context| Poll::Ready(entering.as_mut().poll(context).is_pending())).await;
        assert!(is_waiting, "the lane is occupied");
        match is_refused {
            false => {
                gated.commit(applied).await;
                within_reason(entering).await.unwrap();
            }
            true => {
                gated.refuse(applied).await;
                assert!(gated.claim().await.is_empty());
                assert_eq!(gated.apply(running.end(finished())).await.result, Ok(()), "it is written again");
                within_reason(entering).await.unwrap();
            }
        }
        assert!(gated.claim().await.is_empty(), "the lane went to the attempt that enters");
        gated.store.leave(other, Lane::new("a")).await.unwrap();
        assert_eq!(gated.claim().await[0].key.id, waiting);
    }
}
