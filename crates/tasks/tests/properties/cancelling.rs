//! Properties 10 to 15.

use std::sync::{
    Arc, Barrier, Mutex,
    atomic::{AtomicBool, Ordering::SeqCst},
    mpsc,
};

use longhaul_tasks::{Failure, Report, SealRefused, Status, Submission};

use crate::stage::{Stage, done, spin, within_reason};

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_waiting_task_is_final_and_no_other_task_notices() {
    let stage = Stage::new(1);
    let mut running = stage.submit_held(&[]).await;
    running.begun().await;
    let ran = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = Vec::new();
    for number in 0..3 {
        let ran = ran.clone();
        let script = move |_: &longhaul_tasks::Context| {
            ran.lock().unwrap().push(number);
            done()
        };
        let submission =
            Submission { files: vec![stage.upload(&number.to_string())], ..Submission::default() };
        waiting.push(stage.tasks.submit(stage.job(&[], script), submission).await.unwrap().id);
    }
    let cancelled = stage.tasks.cancel(waiting[1]).await.unwrap().unwrap();
    assert_eq!((cancelled.status, cancelled.started), (Status::Cancelled, None));
    assert_eq!(stage.get(running.id).await.status, Status::Running);
    assert_eq!(stage.get(waiting[0]).await.status, Status::Waiting);
    assert_eq!(stage.get(waiting[2]).await.status, Status::Waiting);

    running.release();
    for id in [running.id, waiting[0], waiting[2]] {
        assert_eq!(stage.wait(id).await.status, Status::Finished);
    }
    assert_eq!(*ran.lock().unwrap(), [0, 2], "it never ran");
    let later = stage.wait(waiting[1]).await;
    assert_eq!((later.status, later.finished), (Status::Cancelled, cancelled.finished));
    assert!(!stage.folder.path().join("1").exists(), "its files are gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_races_the_claim_has_one_of_two_outcomes() {
    let stage = Arc::new(Stage::new(2));
    for _ in 0..500 {
        let ran = Arc::new(AtomicBool::new(false));
        let runs = ran.clone();
        let id = stage
            .submit(move |ctx| {
                runs.store(true, SeqCst);
                Err(spin(ctx).into())
            })
            .await;
        let told = stage.tasks.cancel(id).await.unwrap().unwrap();
        let task = stage.wait(id).await;
        assert_eq!(task.status, Status::Cancelled);
        if told.status == Status::Cancelled {
            assert!(
                !ran.load(SeqCst) && task.started.is_none(),
                "a waiting task that was cancelled never runs"
            );
        } else {
            assert_eq!(told.status, Status::Running);
            assert!(task.started.is_some());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cancel_that_races_the_end_agrees_with_what_was_published() {
    let stage = Arc::new(Stage::new(2));
    for round in 0..500 {
        let start = Arc::new(Barrier::new(2));
        let is_published = Arc::new(AtomicBool::new(false));
        let (gate, publishes) = (start.clone(), is_published.clone());
        let id = stage
            .submit(move |ctx| {
                gate.wait();
                // Rounds differ in how long after the start they seal, so that the two meet in every order.
                (0..round).for_each(|_| std::hint::spin_loop());
                ctx.seal(&(), &Report::new())?;
                publishes.store(true, SeqCst);
                ctx.check()?;
                done()
            })
            .await;
        let canceller = tokio::task::spawn_blocking(move || start.wait());
        canceller.await.unwrap();
        let told = stage.tasks.cancel(id).await.unwrap().unwrap();
        let task = stage.wait(id).await;
        let expected = if is_published.load(SeqCst) { Status::Finished } else { Status::Cancelled };
        assert_eq!(task.status, expected);
        assert!(
            !told.status.has_ended() || told.status == task.status,
            "told {}, is {}",
            told.status,
            task.status
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_returns_after_a_cancel_without_having_sealed_is_cancelled() {
    let stage = Stage::new(1);
    let (has_begun, begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let id = stage
        .submit(move |ctx| {
            std::fs::write(ctx.result_file("a.gpkg", "a/b")?, "whole")?;
            has_begun.send(()).unwrap();
            released.recv().unwrap();
            done()
        })
        .await;
    begun.recv().unwrap();
    stage.tasks.cancel(id).await.unwrap();
    release.send(()).unwrap();
    let task = stage.wait(id).await;
    assert_eq!((task.status, task.result), (Status::Cancelled, None));
    assert!(stage.tasks.result_file(id).await.unwrap().is_none());
    assert!(stage.results().is_empty());
}

/// Runs a job that fails once it has been cancelled, having looked at the cancel or not.
async fn fail_after_a_cancel(looks: bool) -> Status {
    let stage = Stage::new(1);
    let (has_begun, begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let id = stage
        .submit(move |ctx| {
            has_begun.send(()).unwrap();
            released.recv().unwrap();
            if looks {
                ctx.is_cancelled();
            }
            Err(Failure::new(std::io::Error::other("interrupted")))
        })
        .await;
    begun.recv().unwrap();
    stage.tasks.cancel(id).await.unwrap();
    release.send(()).unwrap();
    stage.wait(id).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_caused_by_the_cancel_ends_in_cancelled() {
    assert_eq!(fail_after_a_cancel(true).await, Status::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_error_before_the_cancel_was_seen_ends_in_failed() {
    assert_eq!(fail_after_a_cancel(false).await, Status::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_what_a_cancel_broke_off_ends_in_cancelled() {
    let stage = Stage::new(1);
    let (has_begun, begun) = mpsc::channel();
    let id = stage
        .submit(move |ctx| {
            // Like an SQL statement: knows nothing of the task, and is broken off from another thread.
            let (interrupt, interrupted) = mpsc::channel::<()>();
            let _guard = ctx.on_cancel(move || interrupt.send(()).unwrap());
            has_begun.send(()).unwrap();
            interrupted.recv().unwrap();
            Err(Failure::new(std::io::Error::other("interrupted")))
        })
        .await;
    begun.recv().unwrap();
    stage.tasks.cancel(id).await.unwrap();
    assert_eq!(stage.wait(id).await.status, Status::Cancelled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cancelling_from_many_clients_and_after_the_end_is_harmless() {
    let stage = Arc::new(Stage::new(1));
    let id = stage.submit(|ctx| Err(spin(ctx).into())).await;
    let clients = (0..16).map(|_| {
        let stage = stage.clone();
        tokio::spawn(async move { stage.tasks.cancel(id).await.unwrap().unwrap().status })
    });
    for client in clients.collect::<Vec<_>>() {
        assert!(matches!(client.await.unwrap(), Status::Waiting | Status::Running | Status::Cancelled));
    }
    let ended = stage.wait(id).await;
    assert_eq!(ended.status, Status::Cancelled);
    let finished = stage.submit(|_| done()).await;
    stage.wait(finished).await;
    assert_eq!(stage.tasks.cancel(finished).await.unwrap().unwrap().status, Status::Finished);
    let again = stage.tasks.cancel(id).await.unwrap().unwrap();
    assert_eq!((again.status, again.finished), (Status::Cancelled, ended.finished));
    assert!(stage.tasks.cancel(longhaul_tasks::TaskId(999)).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_cancel_comes_while_the_job_heeds_nothing() {
    let stage = Stage::new(1);
    let mut held = stage.submit_held(&[]).await;
    held.begun().await;
    let told = within_reason(stage.tasks.cancel(held.id)).await.unwrap().unwrap();
    assert_eq!(told.status, Status::Running);
    held.release();
    assert_eq!(stage.wait(held.id).await.status, Status::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_task_cannot_be_sealed_and_a_sealed_one_not_cancelled() {
    let stage = Stage::new(1);
    let (has_begun, begun) = mpsc::channel();
    let (go_on, continued) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let id = stage
        .submit(move |ctx| {
            has_begun.send(()).unwrap();
            continued.recv().unwrap();
            let refused = ctx.seal(&1, &Report::new());
            tell.send(matches!(refused, Err(SealRefused::Cancelled(_)))).unwrap();
            refused?;
            done()
        })
        .await;
    begun.recv().unwrap();
    stage.tasks.cancel(id).await.unwrap();
    go_on.send(()).unwrap();
    assert!(told.recv().unwrap());
    assert_eq!(stage.wait(id).await.status, Status::Cancelled);

    let (has_sealed, sealed) = mpsc::channel();
    let (go_on, continued) = mpsc::channel::<()>();
    let id = stage
        .submit(move |ctx| {
            ctx.seal(&1, &Report::new())?;
            assert!(matches!(ctx.seal(&2, &Report::new()), Err(SealRefused::AlreadySealed)));
            has_sealed.send(()).unwrap();
            continued.recv().unwrap();
            ctx.check()?;
            done()
        })
        .await;
    sealed.recv().unwrap();
    assert_eq!(stage.tasks.cancel(id).await.unwrap().unwrap().status, Status::Running);
    go_on.send(()).unwrap();
    assert_eq!(stage.wait(id).await.status, Status::Finished);
}
