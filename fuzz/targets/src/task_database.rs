//! Opens arbitrary bytes as the task database after a crash.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use longhaul_tasks::store::{End, Journal, Limits, Listener, NewTask, Notice, Transition, View};
use longhaul_tasks::{ErrorReport, Filter, Lane, Priority, Report, SqliteStore, TaskId};
use tempfile::TempDir;

/// The name of the database file, which no message may contain.
const FILE: &str = "5c1d.sqlite";

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap());

/// Opens the database like a starting server, and uses it.
pub(crate) fn run(data: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    std::fs::write(&path, data).unwrap();
    match SqliteStore::open(&path) {
        Ok(store) => RUNTIME.block_on(go_on(&store)),
        Err(error) => assert!(!error.to_string().contains(FILE), "{error}"),
    }
}

/// The store may return errors, but must not panic.
async fn go_on(store: &SqliteStore) {
    store.attach(Arc::new(Deaf), Limits::default());
    let _ = store.list(&Filter::default()).await;
    let _ = store.totals(&Filter::default()).await;
    for orphan in store.rescue().await.unwrap_or_default() {
        let (id, attempt) = (orphan.claimed.id, orphan.claimed.attempt);
        let _ = store.write(vec![Transition::HandedBack { id, attempt, was_cut_short: true }]).await;
    }
    let submitted = store.write(vec![Transition::Submitted(new_task("a"))]).await;
    if let Ok(Some(record)) = submitted.map(|mut answers| answers.remove(0).record) {
        let found = store.get(record.task.id).await;
        assert!(matches!(found, Ok(Some(_))), "what was accepted is there");
    }
    let _ = store.claim().await;
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    (0..4).map(|tasks| RUNTIME.block_on(database(tasks))).collect()
}

/// Databases with waiting, running, sealed and ended tasks.
async fn database(tasks: u64) -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(FILE);
    let store = SqliteStore::open(&path).unwrap();
    store.attach(Arc::new(Deaf), Limits::default());
    for _ in 0..tasks {
        for lane in ["a", "b", "c", "d"] {
            store.write(vec![Transition::Submitted(new_task(lane))]).await.unwrap();
        }
        for what in 0..3 {
            let Some(claimed) = store.claim().await.unwrap() else { continue };
            let (id, attempt) = (claimed.id, claimed.attempt);
            store.write(vec![transition(what, id, attempt)]).await.unwrap();
        }
    }
    drop(store);
    closed(&path)
}

fn transition(what: u32, id: TaskId, attempt: u32) -> Transition {
    let report = Arc::new(Report::new().text("said", "x".repeat(200)));
    let ended = |end| Transition::Ended { id, attempt, end, keep_lanes: false };
    match what {
        0 => ended(End::Finished(report)),
        1 => ended(End::Failed(Arc::new(ErrorReport::message("no")), None)),
        _ => Transition::Sealed { id, attempt, intent: Some("7".into()), report, download: None },
    }
}

/// The whole database in one file.
fn closed(path: &Path) -> Vec<u8> {
    let database = rusqlite::Connection::open(path).unwrap();
    database.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).unwrap();
    drop(database);
    std::fs::read(path).unwrap()
}

fn new_task(lane: &str) -> NewTask {
    NewTask {
        kind: "fuzz".into(),
        job: "{}".into(),
        description: "Being fuzzed.".into(),
        lanes: vec![Lane::new(lane)],
        subject: Some("a".into()),
        priority: Priority::Normal,
        owner: Some("a".into()),
        transaction: None,
        files: Vec::new(),
        starts_early: true,
        idempotency: None,
    }
}

struct Deaf;

impl Listener for Deaf {
    fn notice(&self, _: Notice) {}
}
