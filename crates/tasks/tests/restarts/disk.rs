//! A runtime whose disk refuses to write for a while.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
};

use longhaul_tasks::{Filter, SqliteStore, Status, Submission, SubmitError, TaskId, store::Store as _};

use crate::{
    copy_of, database_in, new_store,
    stage::{Stage, done, within_reason},
};

/// A disk that may be full.
#[derive(Default)]
struct Disk {
    is_full: AtomicBool,
    refusals: AtomicUsize,
}

impl Disk {
    fn set_full(&self, is_full: bool) {
        self.is_full.store(is_full, SeqCst);
    }

    fn commit(&self) -> io::Result<()> {
        if !self.is_full.load(SeqCst) {
            return Ok(());
        }
        self.refusals.fetch_add(1, SeqCst);
        Err(io::Error::other("no space left on device"))
    }

    /// Waits until it has refused so many more commits.
    async fn refuses(&self, commits: usize) {
        let before = self.refusals.load(SeqCst);
        within_reason(async {
            while self.refusals.load(SeqCst) < before + commits {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

fn stage(workers: usize) -> (Stage, Arc<Disk>, tempfile::TempDir) {
    let folder = tempfile::TempDir::new().unwrap();
    let disk = Arc::new(Disk::default());
    let commits = disk.clone();
    let store = SqliteStore::options()
        .before_commit(move || commits.commit())
        .open(database_in(folder.path()))
        .unwrap();
    (Stage::with(|builder| builder.workers(workers).store(store)), disk, folder)
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
    let (stage, disk, folder) = stage(1);
    let old = stage.submit(|_| done()).await;
    stage.wait(old).await;
    let mut running = stage.submit_held(&["a"]).await;
    running.begun().await;
    let waiting = stage.submit_in(&["a"], |_| done()).await;

    disk.set_full(true);
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

    disk.set_full(false);
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
    let (stage, disk, _folder) = stage(1);
    disk.set_full(true);
    assert!(stage.try_submit(|_| done()).await.is_err());
    assert!(stage.tasks.health().is_err());
    disk.set_full(false);
    is_healthy(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_whose_end_could_not_be_written() {
    let (stage, disk, _folder) = stage(1);
    let mut running = stage.submit_held(&[]).await;
    running.begun().await;
    let seen = disk.clone();
    let waiting = stage
        .submit(move |_| match seen.is_full.load(SeqCst) {
            true => Err(anyhow::anyhow!("it has begun too early").into()),
            false => done(),
        })
        .await;
    disk.set_full(true);
    assert!(stage.try_submit(|_| done()).await.is_err());
    running.release();
    // The end of the running task is tried again and again meanwhile, and its worker is free.
    disk.refuses(3).await;
    assert_eq!(stage.get(running.id).await.status, Status::Running);
    assert_eq!(stage.get(waiting).await.status, Status::Waiting);
    disk.set_full(false);
    assert_eq!(stage.wait(running.id).await.status, Status::Finished);
    assert_eq!(stage.wait(waiting).await.status, Status::Finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_that_the_disk_did_not_take_publishes_nothing() {
    let (stage, disk, _folder) = stage(1);
    let fails = disk.clone();
    let (go, goes) = mpsc::channel();
    let id = stage
        .submit(move |ctx| {
            goes.recv().unwrap();
            fails.set_full(true);
            let sealed = ctx.seal(&"published", &longhaul_tasks::Report::new());
            fails.set_full(false);
            sealed?;
            done()
        })
        .await;
    go.send(()).unwrap();
    let task = stage.wait(id).await;
    assert_eq!((task.id, task.status), (TaskId(1), Status::Failed));
    assert_eq!(task.error.unwrap().message, "sealing the task");
}
