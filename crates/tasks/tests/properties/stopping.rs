//! A graceful stop (property 21, as far as a store in memory goes).

use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    sync::{Mutex, mpsc},
    task::Poll,
    time::Duration,
};

use longhaul_tasks::{Report, Status, Submission, SubmitError};
use longhaul_tasks_contract::ForwardingStore;

use crate::stage::{Stage, done, spin};

const LONG: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_hands_back_what_heeds_it_and_finishes_what_is_sealed() {
    let stage = Stage::new(2);
    let (has_begun, begun) = mpsc::channel();
    let tells = has_begun.clone();
    let upload = stage.upload("upload");
    let submission = Submission { files: vec![upload.clone()], ..Submission::default() };
    let job = stage.job(&[], move |ctx| {
        tells.send(()).unwrap();
        Err(spin(ctx).into())
    });
    let heeds = stage.tasks.submit(job, submission).await.unwrap().id;
    let (release, released) = mpsc::channel::<()>();
    let sealed = stage
        .submit(move |ctx| {
            ctx.seal(&(), &Report::new())?;
            has_begun.send(()).unwrap();
            released.recv().unwrap();
            ctx.check()?;
            done()
        })
        .await;
    begun.recv().unwrap();
    begun.recv().unwrap();
    let waiting = stage.submit(|_| done()).await;

    let stop = tokio::spawn({
        let tasks = stage.tasks.clone();
        async move { tasks.stop(LONG).await }
    });
    while stage.get(heeds).await.status == Status::Running {
        tokio::task::yield_now().await;
    }
    assert!(matches!(stage.try_submit(|_| done()).await, Err(SubmitError::Stopping)));
    let unfinished = stage.tasks.ended(waiting).await.unwrap().unwrap();
    assert_eq!(unfinished.status, Status::Waiting, "nobody waits for an end that will not come");
    release.send(()).unwrap();
    assert!(stop.await.unwrap(), "every thread is out");

    let handed_back = stage.get(heeds).await;
    assert_eq!((handed_back.status, handed_back.started), (Status::Waiting, None));
    assert!(upload.exists(), "it will need its file again");
    assert_eq!(stage.get(sealed).await.status, Status::Finished);
    assert_eq!(stage.get(waiting).await.status, Status::Waiting);
    assert_eq!(stage.wait(waiting).await.status, Status::Waiting, "nobody waits for a stopped engine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_engine_takes_no_new_task_and_runs_those_that_it_has() {
    let stage = Stage::new(1);
    let mut held = stage.submit_held(&[]).await;
    held.begun().await;
    let waiting = stage.submit(|_| done()).await;
    stage.tasks.drain(true);
    assert!(matches!(stage.try_submit(|_| done()).await, Err(SubmitError::Draining)));
    assert!(stage.tasks.health().unwrap_err().to_string().contains("drained"));
    held.release();
    for id in [held.id, waiting] {
        assert_eq!(stage.wait(id).await.status, Status::Finished);
    }
    stage.tasks.drain(false);
    stage.tasks.health().unwrap();
    let next = stage.submit(|_| done()).await;
    assert_eq!(stage.wait(next).await.status, Status::Finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_the_recovery_that_has_begun() {
    let (has_begun, begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let store = ForwardingStore::default().before_recover(move || {
        has_begun.send(()).unwrap();
        // An error: the test has failed.
        let _ = released.lock().unwrap().recv();
    });
    let stage = Stage::with(|builder| builder.store(store));
    begun.recv().unwrap();
    let mut stop = pin!(stage.tasks.stop(LONG));
    let first = poll_fn(|context| Poll::Ready(stop.as_mut().poll(context))).await;
    assert_eq!(first, Poll::Pending, "the store is in use, and the caller may close it after the stop");
    release.send(()).unwrap();
    assert!(stop.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_longer_than_its_grace() {
    let stage = Stage::new(1);
    let mut held = stage.submit_held(&[]).await;
    held.begun().await;
    assert!(!stage.tasks.stop(Duration::ZERO).await);
    assert_eq!(stage.get(held.id).await.status, Status::Waiting, "it is handed back all the same");
    held.release();
    assert!(stage.tasks.stop(LONG).await);
    assert_eq!(stage.get(held.id).await.status, Status::Waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_handed_back_behind_its_back_can_publish_nothing() {
    let stage = Stage::new(1);
    let (has_begun, begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let id = stage
        .submit(move |ctx| {
            has_begun.send(()).unwrap();
            released.recv().unwrap();
            tell.send(ctx.seal(&(), &Report::new()).is_err()).unwrap();
            done()
        })
        .await;
    begun.recv().unwrap();
    assert!(!stage.tasks.stop(Duration::ZERO).await);
    release.send(()).unwrap();
    assert!(told.recv().unwrap());
    assert!(stage.tasks.stop(LONG).await);
    assert_eq!(stage.get(id).await.status, Status::Waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_was_cancelled_is_not_handed_back() {
    let stage = Stage::new(1);
    let mut held = stage.submit_held(&[]).await;
    held.begun().await;
    assert!(!stage.tasks.stop(Duration::ZERO).await);
    stage.tasks.cancel(held.id).await.unwrap();
    held.release();
    assert!(stage.tasks.stop(LONG).await);
    assert_eq!(stage.get(held.id).await.status, Status::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_nobody_holds_any_more_stops() {
    let stage = Stage::new(1);
    let (has_begun, begun) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    stage
        .submit(move |ctx| {
            has_begun.send(()).unwrap();
            spin(ctx);
            tell.send(()).unwrap();
            done()
        })
        .await;
    begun.recv().unwrap();
    drop(stage);
    told.recv().unwrap();
}
