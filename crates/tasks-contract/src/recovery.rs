//! What is left of tasks when their process is gone.

use std::{path::PathBuf, sync::Arc};

use longhaul_tasks::{
    Status, TaskId,
    clock::ManualClock,
    store::{AttemptKey, CommandError, Orphan, Store, WorkerId},
};

use crate::{
    samples::{finished, new_task, report},
    store_under_test::StoreUnderTest,
};

/// Closes the store and opens it again, for another process.
pub(crate) async fn reopen<S: Store>(
    store: StoreUnderTest<S>,
    restart: &mut impl AsyncFnMut(S, Arc<ManualClock>) -> S,
) -> StoreUnderTest<S> {
    let number: u32 =
        store.worker.as_str().rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap();
    let worker = WorkerId::new(format!("worker {}", number + 1));
    let inner = restart(store.inner, store.clock.clone()).await;
    StoreUnderTest { inner, clock: store.clock, worker }
}

/// Reopens the store with the one task that was running.
async fn reopen_and_recover<S: Store>(
    store: StoreUnderTest<S>,
    restart: &mut impl AsyncFnMut(S, Arc<ManualClock>) -> S,
) -> (StoreUnderTest<S>, Orphan) {
    let store = reopen(store, restart).await;
    let mut orphans = store.inner.recover(&store.worker).await.unwrap();
    assert_eq!(orphans.len(), 1, "{orphans:?}");
    (store, orphans.remove(0))
}

async fn submit_and_claim<S: Store>(store: &StoreUnderTest<S>, lanes: &[&str]) -> (TaskId, AttemptKey) {
    let id = store.submit(lanes).await;
    let key = store.claim_one().await.key;
    assert_eq!(key.id, id);
    (id, key)
}

pub(super) async fn a_running_task_is_recovered_once_under_a_new_fence<S: Store>(
    store: StoreUnderTest<S>,
    restart: &mut impl AsyncFnMut(S, Arc<ManualClock>) -> S,
) {
    let (id, old) = submit_and_claim(&store, &[]).await;
    let ended = store.submit(&[]).await;
    store.end(store.claim_one().await.key, finished()).await.unwrap();
    let waiting = store.submit(&[]).await;
    let before = format!("{:?}", store.record(id).await);

    let (store, orphan) = reopen_and_recover(store, restart).await;
    let (claimed, new) = (&orphan.claimed, orphan.claimed.key);
    assert_eq!(new.id, id);
    assert!(new.fence > old.fence, "fences increase");
    assert_eq!((claimed.attempt, &*claimed.kind, &claimed.job), (1, "check", &new_task(&[]).job));
    assert_eq!(claimed.files, [PathBuf::from("upload")]);
    assert_eq!((orphan.interruptions, orphan.cancel_requested, orphan.seal.is_some()), (0, false, false));
    assert_eq!(format!("{:?}", store.record(id).await), before, "only its fence has changed");
    assert!(store.inner.recover(&store.worker).await.unwrap().is_empty(), "it has a worker now");

    store.assert_is_over(old).await;
    assert_eq!(store.heartbeat(&[new]).await, []);
    assert_eq!(store.seal(new).await, Ok(()));
    assert_eq!(store.end(new, finished()).await, Ok(()));
    assert_eq!(store.record(ended).await.task.status, Status::Finished);
    assert_eq!(store.claim_one().await.key.id, waiting);
}

pub(super) async fn a_recovered_task_occupies_its_lanes_until_it_ends<S: Store>(
    store: StoreUnderTest<S>,
    restart: &mut impl AsyncFnMut(S, Arc<ManualClock>) -> S,
) {
    submit_and_claim(&store, &["a"]).await;
    let next = store.submit(&["a"]).await;
    let (store, orphan) = reopen_and_recover(store, restart).await;
    assert!(store.claim().await.is_none(), "the lane is occupied");
    let key = orphan.claimed.key;
    assert_eq!(store.release(key, true).await, Ok(()));
    let again = store.claim_one().await;
    assert_eq!((again.key.id, again.attempt), (key.id, 2), "it has kept its place");
    store.assert_is_over(key).await;
    assert!(store.claim().await.is_none());
    store.end(again.key, finished()).await.unwrap();
    assert_eq!(store.claim_one().await.key.id, next);
}

pub(super) async fn lanes_entered_by_an_attempt_that_is_gone_are_free<S: Store>(
    store: StoreUnderTest<S>,
    restart: &mut impl AsyncFnMut(S, Arc<ManualClock>) -> S,
) {
    let (_, key) = submit_and_claim(&store, &[]).await;
    store.enter_free(key, "b").await;
    let waiting = store.submit(&["b"]).await;
    assert!(store.claim().await.is_none());
    let (store, orphan) = reopen_and_recover(store, restart).await;
    store.enter_free(orphan.claimed.key, "b").await;
    assert!(store.claim().await.is_none(), "the new attempt has entered it");
    store.end(orphan.claimed.key, finished()).await.unwrap();
    assert_eq!(store.claim_one().await.key.id, waiting);
}

pub(super) async fn a_seal_outlives_the_process_and_decides_the_end<S: Store>(
    store: StoreUnderTest<S>,
    restart: &mut impl AsyncFnMut(S, Arc<ManualClock>) -> S,
) {
    let (id, key) = submit_and_claim(&store, &[]).await;
    assert_eq!(store.seal(key).await, Ok(()));
    let (store, orphan) = reopen_and_recover(store, restart).await;
    let seal = orphan.seal.expect("it is sealed");
    assert_eq!((seal.intent.as_deref(), &seal.report), (Some("7"), &report("sealed")));
    assert_eq!(seal.download.as_ref().map(|download| &*download.media_type), Some("a/b"));

    // Its publication is tried again after another restart.
    let (store, orphan) = reopen_and_recover(store, restart).await;
    assert!(orphan.seal.is_some());
    let key = orphan.claimed.key;
    assert_eq!(store.cancel(id).await.result, Ok(()));
    assert!(!store.record(id).await.cancel_requested, "it is too late to cancel");
    assert_eq!(store.seal(key).await, Err(CommandError::Sealed));
    for interrupted in [false, true] {
        assert_eq!(store.release(key, interrupted).await, Err(CommandError::Sealed));
    }
    assert_eq!(store.end(key, finished()).await, Ok(()));
    let ended = store.record(id).await;
    assert_eq!((ended.task.status, ended.task.attempt), (Status::Finished, 1));
    assert_eq!(ended.task.result, Some(report("sealed")));
    assert!(ended.download.is_some());
}

pub(super) async fn a_cancel_outlives_the_process<S: Store>(
    store: StoreUnderTest<S>,
    restart: &mut impl AsyncFnMut(S, Arc<ManualClock>) -> S,
) {
    let (id, _) = submit_and_claim(&store, &[]).await;
    store.cancel(id).await;
    let (store, orphan) = reopen_and_recover(store, restart).await;
    assert!(orphan.cancel_requested && store.record(id).await.cancel_requested);
    assert_eq!(store.seal(orphan.claimed.key).await, Err(CommandError::CancelRequested));
    assert_eq!(store.release(orphan.claimed.key, true).await, Ok(()));
    assert_eq!(store.record(id).await.task.status, Status::Cancelled);
    assert!(store.claim().await.is_none());
}

pub(super) async fn interruptions_outlive_the_process<S: Store>(
    mut store: StoreUnderTest<S>,
    restart: &mut impl AsyncFnMut(S, Arc<ManualClock>) -> S,
) {
    let (id, _) = submit_and_claim(&store, &[]).await;
    for interruptions in 0..4 {
        let (reopened, orphan) = reopen_and_recover(store, restart).await;
        store = reopened;
        assert_eq!((orphan.interruptions, orphan.claimed.attempt), (interruptions, interruptions + 1));
        assert_eq!(store.release(orphan.claimed.key, true).await, Ok(()));
        assert_eq!(store.record(id).await.interruptions, interruptions + 1);
        assert_eq!(store.claim_one().await.attempt, interruptions + 2);
    }
}

pub(super) async fn tasks_that_were_interrupted_twice_run_one_at_a_time<S: Store>(
    mut store: StoreUnderTest<S>,
    restart: &mut impl AsyncFnMut(S, Arc<ManualClock>) -> S,
) {
    for lanes in [&[][..], &["a"], &[]] {
        submit_and_claim(&store, lanes).await;
    }
    for interruption in 1..=2 {
        store = reopen(store, restart).await;
        let orphans = store.inner.recover(&store.worker).await.unwrap();
        assert_eq!(orphans.len(), 3, "after one interruption they run together");
        for orphan in orphans {
            assert_eq!(store.release(orphan.claimed.key, true).await, Ok(()));
        }
        for _ in 0..if interruption == 1 { 3 } else { 0 } {
            store.claim_one().await;
        }
    }
    let first = store.claim_one().await.key;
    assert!(store.claim().await.is_none(), "the others wait for it");
    let other = store.submit(&[]).await;
    assert_eq!(store.claim_one().await.key.id, other, "other tasks do not");

    let (store, orphans) = {
        let store = reopen(store, restart).await;
        let orphans = store.inner.recover(&store.worker).await.unwrap();
        (store, orphans)
    };
    let interruptions: Vec<_> =
        orphans.iter().map(|orphan| (orphan.claimed.key.id, orphan.interruptions)).collect();
    assert_eq!(interruptions, [(first.id, 2), (other, 0)], "those that waited were not interrupted");
    store.end(orphans[0].claimed.key, finished()).await.unwrap();
    let second = store.claim_one().await.key;
    assert!(store.claim().await.is_none());
    store.end(second, finished()).await.unwrap();
    assert_ne!(store.claim_one().await.key.id, second.id);
}
