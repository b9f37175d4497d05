//! Opens arbitrary bytes as the task database after a crash.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use longhaul_tasks::store::{Claimed, Command, End, Limits, NewTask, Seal, Store as _, WorkerId};
use longhaul_tasks::{ErrorReport, Filter, Lane, Priority, Report, SqliteStore};
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
    let _ = store.page(&Filter::default()).await;
    let _ = store.totals(&Filter::default()).await;
    for orphan in store.recover(&worker()).await.unwrap_or_default() {
        let _ = store.apply(vec![orphan.claimed.key.release(true)]).await;
    }
    let submitted = store.apply(vec![submit("a")]).await;
    if let Ok(Some(record)) = submitted.map(|mut outcomes| outcomes.remove(0).record) {
        let found = store.get(&[record.task.id]).await;
        assert!(matches!(found.as_deref(), Ok([Some(_)])), "an accepted task is there");
    }
    let _ = store.claim(&worker(), &[], 1).await;
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    (0..4).map(|tasks| RUNTIME.block_on(database(tasks))).collect()
}

/// Databases with waiting, running, sealed and ended tasks.
async fn database(tasks: u64) -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(FILE);
    let store = SqliteStore::open(&path).unwrap();
    for _ in 0..tasks {
        for lane in ["a", "b", "c", "d"] {
            store.apply(vec![submit(lane)]).await.unwrap();
        }
        for what in 0..3 {
            for claimed in store.claim(&worker(), &[], 1).await.unwrap() {
                store.apply(vec![command(what, &claimed)]).await.unwrap();
            }
        }
    }
    drop(store);
    closed(&path)
}

fn worker() -> WorkerId {
    WorkerId::new("worker")
}

fn submit(lane: &str) -> Command {
    Command::Submit { task: new_task(lane), limits: Limits::default() }
}

fn command(what: u32, claimed: &Claimed) -> Command {
    let report = Arc::new(Report::new().text("said", "x".repeat(200)));
    match what {
        0 => claimed.key.end(End::Finished(report)),
        1 => claimed.key.end(End::Failed(Arc::new(ErrorReport::message("no")), None)),
        _ => claimed.key.seal(Seal { intent: Some("7".into()), report, download: None }),
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
        idempotency: None,
    }
}
