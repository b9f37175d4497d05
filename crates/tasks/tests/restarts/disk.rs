//! A runtime whose disk refuses to write for a while.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc,
    },
};

use longhaul_tasks::{Filter, SqliteStore, Status, Submission, SubmitError, TaskId, store::Store as _};

use crate::{
    copy_of, database_in, new_store,
    stage::{Stage, done, within_reason},
};

/// A stage on a disk that fails as long as the flag is set.
fn stage(workers: usize) -> (Stage, Arc<AtomicBool>, tempfile::TempDir) {
    let folder = tempfile::TempDir::new().unwrap();
    let is_full = Arc::new(AtomicBool::new(false));
    let fails = is_full.clone();
    let store = SqliteStore::options()
        .before_commit(move || match fails.load(SeqCst) {
            true => Err(io::Error::other("no space left on device")),
            false => Ok(()),
        })
        .open(database_in(folder.path()))
        .unwrap();
    (Stage::with(|builder| builder.workers(workers).store(store)), is_full, folder)
}

async fn is_healthy(stage: &Stage) {
    within_reason(async {
        while stage.tasks.health().is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_an_error_and_not_ready_and_nothing_is_lost() {
    let (stage, is_full, folder) = stage(1);
    let old = stage.submit(|_| done()).await;
    stage.wait(old).await;
    let mut running = stage.submit_held(&["a"]).await;
    running.begun().await;
    let waiting = stage.submit_in(&["a"], |_| done()).await;

    is_full.store(true, SeqCst);
    let upload = stage.upload("upload");
    let submission = Submission { files: vec![upload.clone()], ..Submission::default() };
    let refused = stage.tasks.submit(stage.job(&[], |_| done()), submission).await;
    let Err(SubmitError::Store(error)) = refused else { panic!("the disk is full: {refused:?}") };
    assert_eq!(error.to_string(), "writing to the task database");
    assert!(upload.exists(), "the caller keeps it");
    assert!(stage.tasks.health().is_err());
    assert!(stage.tasks.cancel(waiting).await.is_err());
    assert!(stage.tasks.prune(old).await.is_err());
    assert_eq!(stage.get(waiting).await.status, Status::Waiting, "what was not written is not shown");
    assert_eq!(stage.get(old).await.status, Status::Finished);
    let page = stage.tasks.page(&Filter::default()).await.unwrap();
    assert_eq!(page.tasks.len(), 3);
    running.release();

    is_full.store(false, SeqCst);
    is_healthy(&stage).await;
    assert_eq!(stage.wait(running.id).await.status, Status::Finished, "its end is written when it can be");
    assert_eq!(stage.wait(waiting).await.status, Status::Finished);
    let new = stage.submit(|_| done()).await;
    assert!(new > waiting);
    stage.wait(new).await;
    let copy = copy_of(folder.path());
    let found = new_store(copy.path(), stage.clock.clone());
    let records = found.page(&Filter::default()).await.unwrap().records;
    let statuses: Vec<_> = records.iter().map(|record| (record.task.id, record.task.status)).collect();
    assert_eq!(statuses, [old, running.id, waiting, new].map(|id| (id, Status::Finished)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_was_full_is_tried_again_without_being_asked() {
    let (stage, is_full, _folder) = stage(1);
    is_full.store(true, SeqCst);
    assert!(stage.try_submit(|_| done()).await.is_err());
    assert!(stage.tasks.health().is_err());
    is_full.store(false, SeqCst);
    is_healthy(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_whose_end_could_not_be_written() {
    let (stage, is_full, _folder) = stage(1);
    let mut running = stage.submit_held(&[]).await;
    running.begun().await;
    let waiting = stage.submit(|_| done()).await;
    is_full.store(true, SeqCst);
    assert!(stage.try_submit(|_| done()).await.is_err());
    running.release();
    assert_eq!(stage.get(waiting).await.status, Status::Waiting);
    is_full.store(false, SeqCst);
    assert_eq!(stage.wait(running.id).await.status, Status::Finished);
    let ran = stage.wait(waiting).await;
    assert!(stage.get(running.id).await.finished <= ran.started);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_that_the_disk_did_not_take_publishes_nothing() {
    let (stage, is_full, _folder) = stage(1);
    let fails = is_full.clone();
    let (go, goes) = mpsc::channel();
    let id = stage
        .submit(move |ctx| {
            goes.recv().unwrap();
            fails.store(true, SeqCst);
            let sealed = ctx.seal(&"published", &longhaul_tasks::Report::new());
            fails.store(false, SeqCst);
            sealed?;
            done()
        })
        .await;
    go.send(()).unwrap();
    let task = stage.wait(id).await;
    assert_eq!((task.id, task.status), (TaskId(1), Status::Failed));
    assert_eq!(task.error.unwrap().message, "sealing the task");
}
