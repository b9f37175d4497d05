//! What a job can do with its context.

use std::{
    future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
};

use longhaul_tasks::{Cancelled, Context, Report, Status};
use tokio::sync::oneshot;

use crate::stage::{Stage, done, spin};

#[tokio::test(flavor = "multi_thread")]
async fn a_tracked_iterator_counts_and_ends_with_an_error_once_the_task_is_cancelled() {
    let stage = Arc::new(Stage::new(1));
    let (tell, told) = mpsc::channel();
    let (has_begun, begun) = mpsc::channel();
    let (go_on, continued) = mpsc::channel::<()>();
    let id = stage
        .submit(move |ctx| {
            ctx.step("Counting...").unit("rows");
            let mut rows = ctx.track_by([3u64, 4, 5, 6], |rows| *rows);
            assert_eq!((rows.next(), rows.next()), (Some(Ok(3)), Some(Ok(4))));
            has_begun.send(()).unwrap();
            continued.recv().unwrap();
            let left: Vec<Result<u64, Cancelled>> = rows.collect();
            tell.send(left.len()).unwrap();
            left.into_iter().collect::<Result<Vec<_>, _>>()?;
            done()
        })
        .await;
    begun.recv().unwrap();
    let progress = stage.get(id).await.progress.unwrap();
    assert_eq!((&*progress.step, progress.done, &*progress.unit), ("Counting...", 7, "rows"));
    stage.tasks.cancel(id).await.unwrap();
    go_on.send(()).unwrap();
    assert_eq!(
        told.recv().unwrap(),
        1,
        "the cancel is the last item, and the only one after it was asked for"
    );
    assert_eq!(stage.wait(id).await.status, Status::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_iterator_that_a_cancel_broke_off_does_not_look_like_a_short_one() {
    let stage = Stage::new(1);
    let (has_begun, begun) = mpsc::channel();
    let came_through = Arc::new(AtomicBool::new(false));
    let comes_through = came_through.clone();
    let id = stage
        .submit(move |ctx| {
            let (end, ended) = mpsc::channel::<()>();
            let _hook = ctx.on_cancel(move || drop(end));
            // Like the rows of an interrupted statement: no more come.
            let rows = std::iter::from_fn(|| {
                has_begun.send(()).unwrap();
                ended.recv().ok()
            });
            for row in ctx.track(rows) {
                row?;
            }
            comes_through.store(true, SeqCst);
            done()
        })
        .await;
    begun.recv().unwrap();
    stage.tasks.cancel(id).await.unwrap();
    assert_eq!(stage.wait(id).await.status, Status::Cancelled);
    assert!(!came_through.load(SeqCst), "the loop was left by the error");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_interrupts_a_wait_for_a_future() {
    let stage = Stage::new(1);
    for is_parked in [false, true] {
        let (has_begun, begun) = oneshot::channel();
        let id = stage
            .submit(move |ctx| {
                let forever = async {
                    has_begun.send(()).unwrap();
                    future::pending::<()>().await
                };
                match is_parked {
                    false => ctx.block_on(forever)?,
                    true => ctx.park_until(forever)?,
                }
                done()
            })
            .await;
        begun.await.unwrap();
        stage.tasks.cancel(id).await.unwrap();
        assert_eq!(stage.wait(id).await.status, Status::Cancelled);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_future_that_a_job_waits_for_may_use_the_runtime() {
    let stage = Stage::new(1);
    let id = stage
        .submit(|ctx| {
            let number = ctx.block_on(async {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                tokio::spawn(async { 7 }).await
            })??;
            ctx.park(std::time::Duration::from_millis(1))?;
            Ok(Report::new().integer("number", number))
        })
        .await;
    assert_eq!(*stage.wait(id).await.result.unwrap(), Report::new().integer("number", 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_runs_once_and_not_after_its_guard_is_gone() {
    let stage = Stage::new(1);
    let calls = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0)]);
    let (has_begun, begun) = mpsc::channel();
    let counts = calls.clone();
    let id = stage
        .submit(move |ctx| {
            let hook = |index: usize| {
                let counts = counts.clone();
                move || {
                    counts[index].fetch_add(1, SeqCst);
                }
            };
            let _kept = ctx.on_cancel(hook(0));
            drop(ctx.on_cancel(hook(1)));
            has_begun.send(()).unwrap();
            let cancelled = spin(ctx);
            let _late = ctx.on_cancel(hook(2));
            Err(cancelled.into())
        })
        .await;
    begun.recv().unwrap();
    stage.tasks.cancel(id).await.unwrap();
    stage.tasks.cancel(id).await.unwrap();
    assert_eq!(stage.wait(id).await.status, Status::Cancelled);
    assert_eq!(calls.each_ref().map(|calls| calls.load(SeqCst)), [1, 0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_threads_of_a_job_share_its_context() {
    const THREADS: u64 = 4;
    const ROWS: u64 = 10_000;
    let stage = Arc::new(Stage::new(1));
    let (has_counted, counted) = mpsc::channel();
    let (go_on, continued) = mpsc::channel::<()>();
    let id = stage
        .submit(move |ctx: &Context| {
            ctx.step("Counting...").total(Some(THREADS * ROWS));
            std::thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| (0..ROWS).try_for_each(|_| ctx.advance(1)));
                }
            });
            has_counted.send(()).unwrap();
            continued.recv().unwrap();
            done()
        })
        .await;
    counted.recv().unwrap();
    assert_eq!(stage.get(id).await.progress.unwrap().done, THREADS * ROWS);
    go_on.send(()).unwrap();
    assert_eq!(stage.wait(id).await.status, Status::Finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_file_is_a_plain_name_and_there_is_one() {
    let stage = Stage::new(1);
    let (tell, told) = mpsc::channel();
    let id = stage
        .submit(move |ctx| {
            for name in ["../a", "a/b", "..", "", "/a", "."] {
                assert!(ctx.result_file(name, "a/b").is_err(), "{name}");
            }
            let path = ctx.result_file("a.gpkg", "a/b")?;
            std::fs::write(path, "content")?;
            tell.send(ctx.result_file("b.gpkg", "a/b").is_err()).unwrap();
            done()
        })
        .await;
    assert_eq!(stage.wait(id).await.status, Status::Finished);
    assert!(told.recv().unwrap());
    let file = stage.tasks.result_file(id).await.unwrap().unwrap();
    assert_eq!((&*file.name, &*file.media_type, file.length), ("a.gpkg", "a/b", 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_file_that_was_not_written_is_a_failure() {
    let stage = Stage::new(1);
    let id = stage
        .submit(|ctx| {
            ctx.result_file("a.gpkg", "a/b")?;
            done()
        })
        .await;
    let task = stage.wait(id).await;
    assert_eq!(task.status, Status::Failed);
    assert_eq!(task.error.unwrap().message, "saving the result file");
    assert!(stage.results().is_empty());
}
