//! Property 27, and the places in the pool.

use std::{
    collections::HashSet,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
};

use longhaul_tasks::{Status, TaskId};
use tokio::sync::oneshot;

use crate::stage::{Stage, done};

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_one_lane_never_run_together_and_run_in_order() {
    let stage = Stage::new(4);
    let is_busy = Arc::new(AtomicBool::new(false));
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut ids = Vec::new();
    for number in 0..200 {
        let (is_busy, order) = (is_busy.clone(), order.clone());
        let script = move |_: &longhaul_tasks::Context| {
            assert!(!is_busy.swap(true, SeqCst), "two at once in a lane");
            order.lock().unwrap().push(number);
            std::thread::yield_now();
            is_busy.store(false, SeqCst);
            done()
        };
        ids.push(stage.submit_in(&["roads"], script).await);
        stage.submit(|_| done()).await;
    }
    for id in ids {
        assert_eq!(stage.wait(id).await.status, Status::Finished);
    }
    assert!(order.lock().unwrap().iter().copied().eq(0..200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_lane_does_not_hold_up_others() {
    let stage = Stage::new(2);
    let mut busy = stage.submit_held(&["a"]).await;
    busy.begun().await;
    let same = stage.submit_in(&["a"], |_| done()).await;
    let both = stage.submit_in(&["b", "a"], |_| done()).await;
    let other = stage.submit_in(&["c"], |_| done()).await;
    let free = stage.submit(|_| done()).await;
    assert_eq!(stage.wait(other).await.status, Status::Finished);
    assert_eq!(stage.wait(free).await.status, Status::Finished);
    assert_eq!(stage.get(same).await.status, Status::Waiting);
    assert_eq!(stage.get(both).await.status, Status::Waiting);
    busy.release();
    assert_eq!(stage.wait(both).await.status, Status::Finished);
    assert!(stage.get(same).await.finished <= stage.get(both).await.started);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_job_gives_its_place_to_another() {
    let stage = Stage::new(1);
    let mut parked = Vec::new();
    for _ in 0..5 {
        let (wake, woken) = oneshot::channel::<()>();
        let id = stage
            .submit(move |ctx| {
                let _ = ctx.park_until(woken)?;
                done()
            })
            .await;
        parked.push((id, wake));
    }
    let other = stage.submit(|_| done()).await;
    assert_eq!(stage.wait(other).await.status, Status::Finished);
    for (id, wake) in parked.into_iter().rev() {
        assert_eq!(stage.get(id).await.status, Status::Running);
        wake.send(()).unwrap();
        assert_eq!(stage.wait(id).await.status, Status::Finished);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn never_more_jobs_run_than_there_are_places_although_some_park() {
    const PLACES: usize = 2;
    let stage = Stage::new(PLACES);
    let (at_work, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut ids: Vec<TaskId> = Vec::new();
    for number in 0..100 {
        let (at_work, most) = (at_work.clone(), most.clone());
        let script = move |ctx: &longhaul_tasks::Context| {
            let work = || {
                let now = at_work.fetch_add(1, SeqCst) + 1;
                most.fetch_max(now, SeqCst);
                (0..10).for_each(|_| std::thread::yield_now());
                at_work.fetch_sub(1, SeqCst);
            };
            work();
            if number % 2 == 0 {
                ctx.park_until(tokio::task::yield_now())?;
                work();
            }
            done()
        };
        ids.push(stage.submit(script).await);
    }
    for id in ids {
        assert_eq!(stage.wait(id).await.status, Status::Finished);
    }
    assert!((1..=PLACES).contains(&most.load(SeqCst)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_parked_takes_one_place_again_and_leaves_the_others() {
    let stage = Stage::new(2);
    for _ in 0..20 {
        let (park, parked) = oneshot::channel();
        let (wake, woken) = oneshot::channel::<()>();
        let (has_woken, is_awake) = oneshot::channel();
        let (release, released) = mpsc::channel::<()>();
        let id = stage
            .submit(move |ctx| {
                park.send(()).unwrap();
                let _ = ctx.park_until(woken)?;
                has_woken.send(()).unwrap();
                released.recv().unwrap();
                done()
            })
            .await;
        parked.await.unwrap();
        // Two at once show that two threads are left to work.
        let together = Arc::new(Barrier::new(2));
        let mut pair = Vec::new();
        for _ in 0..2 {
            let together = together.clone();
            let script = move |_: &longhaul_tasks::Context| {
                together.wait();
                done()
            };
            pair.push(stage.submit(script).await);
        }
        for id in pair {
            stage.wait(id).await;
        }
        wake.send(()).unwrap();
        is_awake.await.unwrap();
        for _ in 0..3 {
            let other = stage.submit(|_| done()).await;
            assert_eq!(stage.wait(other).await.status, Status::Finished);
        }
        release.send(()).unwrap();
        assert_eq!(stage.wait(id).await.status, Status::Finished);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_that_stood_in_for_parked_jobs_go() {
    let stage = Stage::new(1);
    let mut parked = Vec::new();
    for _ in 0..8 {
        let (wake, woken) = oneshot::channel::<()>();
        let script = move |ctx: &longhaul_tasks::Context| {
            let _ = ctx.park_until(woken)?;
            done()
        };
        parked.push((stage.submit(script).await, wake));
    }
    let other = stage.submit(|_| done()).await;
    stage.wait(other).await;
    for (id, wake) in parked {
        wake.send(()).unwrap();
        stage.wait(id).await;
    }
    let threads = Arc::new(Mutex::new(HashSet::new()));
    for _ in 0..40 {
        let threads = threads.clone();
        let script = move |_: &longhaul_tasks::Context| {
            threads.lock().unwrap().insert(std::thread::current().id());
            done()
        };
        let id = stage.submit(script).await;
        stage.wait(id).await;
    }
    assert!(threads.lock().unwrap().len() <= 2, "one thread, and one that was about to go");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_may_not_park_waits_in_its_place() {
    let stage = Stage::with(|builder| builder.workers(1).max_parked(0));
    let (wake, woken) = oneshot::channel::<()>();
    let (has_begun, begun) = mpsc::channel();
    let waits = stage
        .submit(move |ctx| {
            has_begun.send(()).unwrap();
            let _ = ctx.park_until(woken)?;
            done()
        })
        .await;
    let next = stage.submit(|_| done()).await;
    begun.recv().unwrap();
    assert_eq!(stage.get(next).await.status, Status::Waiting);
    wake.send(()).unwrap();
    assert_eq!(stage.wait(next).await.status, Status::Finished);
    assert!(stage.get(waits).await.finished <= stage.get(next).await.started);
}
