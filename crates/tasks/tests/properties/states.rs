//! Properties 6 to 9, and the deadline of 18.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
        mpsc,
    },
    time::Duration,
};

use jiff::Timestamp;
use longhaul_tasks::{
    Context, Failure, MemoryStore, Report, SealRefused, Status, Submission, Task, TaskId,
    clock::{Clock, ManualClock},
};

use crate::stage::{Stage, done, spin};

const SECOND: Duration = Duration::from_secs(1);

fn assert_is_one_snapshot(task: &Task) {
    let status = task.status;
    assert_eq!(task.finished.is_some(), status.has_ended(), "{task:?}");
    assert_eq!(task.result.is_some(), status == Status::Finished, "{task:?}");
    assert_eq!(task.error.is_some(), status == Status::Failed, "{task:?}");
    assert!(task.progress.is_none() || status == Status::Running, "{task:?}");
    assert!(task.started.is_some() || !matches!(status, Status::Running | Status::Finished), "{task:?}");
    assert!(task.started.is_none_or(|started| task.created <= started), "{task:?}");
    assert!(
        task.finished.is_none_or(|finished| task.started.unwrap_or(task.created) <= finished),
        "{task:?}"
    );
}

fn may_follow(before: Status, after: Status) -> bool {
    use Status::*;
    before == after
        || matches!((before, after), (Waiting, Running | Finished | Failed | Cancelled))
        || matches!((before, after), (Running, Finished | Failed | Cancelled))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_poll_is_one_snapshot_and_only_the_arrows_of_the_diagram_happen() {
    let stage = Arc::new(Stage::new(2));
    for round in 0..300 {
        let id = stage
            .submit(move |ctx| {
                ctx.step("Working...").total(Some(3));
                ctx.advance(3)?;
                match round % 3 {
                    0 => done(),
                    1 => Err(Failure::new(anyhow::anyhow!("no"))),
                    _ => Err(spin(ctx).into()),
                }
            })
            .await;
        let poller = tokio::spawn({
            let stage = stage.clone();
            async move {
                let mut last = stage.get(id).await;
                loop {
                    let task = stage.get(id).await;
                    assert_is_one_snapshot(&task);
                    assert!(may_follow(last.status, task.status), "{} → {}", last.status, task.status);
                    if task.status.has_ended() {
                        return task;
                    }
                    last = task;
                    tokio::task::yield_now().await;
                }
            }
        });
        if round % 3 == 2 {
            stage.tasks.cancel(id).await.unwrap();
        }
        let ended = poller.await.unwrap();
        let expected = [Status::Finished, Status::Failed, Status::Cancelled][round % 3];
        assert_eq!(ended.status, expected);
        let later = stage.wait(id).await;
        assert_eq!((later.status, later.finished), (ended.status, ended.finished), "the end is written once");
    }
}

/// Goes back a minute each time it is asked.
struct Backwards(AtomicU64);

impl Clock for Backwards {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(1_000_000_000 - 60 * self.0.fetch_add(1, SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _: Duration) -> Option<Duration> {
        None
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn created_started_and_finished_are_in_order_even_if_the_clock_is_set_back() {
    let store = MemoryStore::with_clock(Arc::new(Backwards(AtomicU64::new(0))));
    let stage = Stage::with(|builder| builder.store(store));
    let finished = stage.submit(|_| done()).await;
    let task = stage.wait(finished).await;
    assert!(task.created <= task.started.unwrap() && task.started <= task.finished, "{task:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stores_clock_counts_and_not_the_workers() {
    let store_clock = Arc::new(ManualClock::default());
    store_clock.advance(1000 * SECOND);
    let now = store_clock.now();
    let stage = Stage::with(|builder| builder.store(MemoryStore::with_clock(store_clock)));
    let id = stage.submit(|_| done()).await;
    let task = stage.wait(id).await;
    assert_eq!((task.created, task.started, task.finished), (now, Some(now), Some(now)));
}

async fn submit_with_upload(
    stage: &Stage,
    name: &str,
    script: impl FnOnce(&Context) -> Result<Report, Failure> + Send + 'static,
) -> TaskId {
    let submission = Submission { files: vec![stage.upload(name)], ..Submission::default() };
    stage.tasks.submit(stage.job(&["lane"], script), submission).await.unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_ends_in_failed_with_its_causes_and_frees_the_slot_and_the_files() {
    let stage = Stage::new(1);
    let id = submit_with_upload(&stage, "upload", |ctx| {
        std::fs::write(ctx.result_file("half.gpkg", "a/b")?, "half")?;
        let error = anyhow::anyhow!("bad\u{1} geometry").context("row 7").context("importing roads");
        Err(Failure::new(error).with_report(Report::new().integer("rows", 6)))
    })
    .await;
    let task = stage.wait(id).await;
    assert_eq!(task.status, Status::Failed);
    let error = task.error.unwrap();
    assert_eq!(
        (&*error.message, error.causes.join("|")),
        ("importing roads", "row 7|bad\u{FFFD} geometry".into())
    );
    assert_eq!(*task.result.unwrap(), Report::new().integer("rows", 6));
    assert!(!stage.folder.path().join("upload").exists());
    assert!(stage.results().is_empty());
    let next = stage.submit_in(&["lane"], |_| done()).await;
    assert_eq!(stage.wait(next).await.status, Status::Finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_ends_in_failed_and_frees_the_slot_and_the_files() {
    let stage = Stage::new(1);
    let number = 7;
    let id = submit_with_upload(&stage, "upload", move |_| panic!("row {number} is odd")).await;
    let task = stage.wait(id).await;
    assert_eq!(task.status, Status::Failed);
    assert_eq!(task.error.unwrap().message, "the job panicked");
    assert!(!stage.folder.path().join("upload").exists());
    let next = stage.submit_in(&["lane"], |_| done()).await;
    assert_eq!(stage.wait(next).await.status, Status::Finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passed_deadline_ends_in_failed_and_frees_the_slot_and_the_files() {
    let stage = Stage::with(|builder| builder.workers(1).task_timeout(60 * SECOND));
    let (has_begun, begun) = mpsc::channel();
    let id = submit_with_upload(&stage, "upload", move |ctx| {
        has_begun.send(()).unwrap();
        Err(spin(ctx).into())
    })
    .await;
    begun.recv().unwrap();
    stage.clock.advance(60 * SECOND);
    let task = stage.wait(id).await;
    assert_eq!(task.status, Status::Failed);
    assert_eq!(task.error.unwrap().message, "the task took longer than the 60s it may take");
    assert!(!stage.folder.path().join("upload").exists());
    let next = stage.submit_in(&["lane"], |_| done()).await;
    assert_eq!(stage.wait(next).await.status, Status::Finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_job_is_left_alone_until_its_deadline() {
    let stage = Stage::with(|builder| builder.workers(1).task_timeout(60 * SECOND));
    let mut held = stage.submit_held(&[]).await;
    held.begun().await;
    stage.clock.advance(59 * SECOND);
    held.release();
    assert_eq!(stage.wait(held.id).await.status, Status::Finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_ignores_its_deadline_is_given_up_and_can_publish_nothing() {
    let stage = Stage::with(|builder| builder.workers(1).task_timeout(60 * SECOND).grace(5 * SECOND));
    let (has_begun, begun) = mpsc::channel();
    let (tell_asked, asked) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let (tell_seal, seal) = mpsc::channel();
    let id = submit_with_upload(&stage, "upload", move |ctx| {
        let result = ctx.result_file("late.gpkg", "a/b")?;
        let _asked = ctx.on_cancel(move || tell_asked.send(()).unwrap());
        has_begun.send(()).unwrap();
        released.recv().unwrap();
        let write = std::fs::write(result, "late");
        tell_seal.send((write.is_err(), ctx.seal(&"late", &Report::new()))).unwrap();
        done()
    })
    .await;
    let same_lane = stage.submit_in(&["lane"], |_| done()).await;
    let other_lane = stage.submit(|_| done()).await;
    begun.recv().unwrap();
    stage.clock.advance(60 * SECOND);
    asked.recv().unwrap();
    stage.clock.advance(5 * SECOND);

    let given_up = stage.wait(id).await;
    assert_eq!(given_up.status, Status::Failed);
    assert!(!stage.folder.path().join("upload").exists());
    assert!(stage.results().is_empty());
    assert_eq!(stage.wait(other_lane).await.status, Status::Finished, "the pool has got another thread");
    assert_eq!(stage.get(same_lane).await.status, Status::Waiting, "its lane is shut until it comes back");

    release.send(()).unwrap();
    let (write_failed, sealed) = seal.recv().unwrap();
    assert!(matches!(sealed, Err(SealRefused::Cancelled(_))));
    assert!(write_failed, "there is no folder for it any more");
    assert_eq!(stage.wait(same_lane).await.status, Status::Finished);
    let later = stage.get(id).await;
    assert_eq!((later.status, later.finished), (Status::Failed, given_up.finished));
    assert!(stage.results().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_past_its_point_of_no_return_has_no_deadline() {
    let stage = Stage::with(|builder| builder.workers(2).task_timeout(60 * SECOND).grace(5 * SECOND));
    let (has_sealed, sealed) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let was_stopped = Arc::new(AtomicBool::new(false));
    let told = was_stopped.clone();
    let id = stage
        .submit(move |ctx| {
            ctx.seal(&(), &Report::new().text("id", "new"))?;
            has_sealed.send(()).unwrap();
            released.recv().unwrap();
            told.store(ctx.is_cancelled(), SeqCst);
            done()
        })
        .await;
    sealed.recv().unwrap();
    // Another job that is given up shows that whoever goes by the clock has been round.
    let (has_begun, begun) = mpsc::channel();
    let (tell_asked, asked) = mpsc::channel();
    let (release_other, released_other) = mpsc::channel::<()>();
    let other = stage
        .submit(move |ctx| {
            let _asked = ctx.on_cancel(move || tell_asked.send(()).unwrap());
            has_begun.send(()).unwrap();
            let _ = released_other.recv();
            done()
        })
        .await;
    begun.recv().unwrap();
    stage.clock.advance(60 * SECOND);
    asked.recv().unwrap();
    stage.clock.advance(5 * SECOND);
    assert_eq!(stage.wait(other).await.status, Status::Failed);

    assert_eq!(stage.get(id).await.status, Status::Running);
    release.send(()).unwrap();
    let task = stage.wait(id).await;
    assert_eq!(task.status, Status::Finished);
    assert_eq!(*task.result.unwrap(), Report::new().text("id", "new"), "the sealed report is the result");
    assert!(!was_stopped.load(SeqCst));
    drop(release_other);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_after_the_seal_asks_what_was_published() {
    let stage = Stage::new(1);
    let report = Report::new().text("id", "new");
    for (intent, expected) in [("published", Status::Finished), ("lost", Status::Failed)] {
        let sealed = report.clone();
        let id = stage
            .submit(move |ctx| {
                ctx.seal(&intent, &sealed)?;
                Err(Failure::new(anyhow::anyhow!("the answer did not arrive")))
            })
            .await;
        let task = stage.wait(id).await;
        assert_eq!(task.status, expected);
        assert_eq!(task.result.as_deref(), (expected == Status::Finished).then_some(&report));
    }
}
