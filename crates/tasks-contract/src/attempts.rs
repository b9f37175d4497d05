//! Workers: which tasks they claim, which of their commands still count, and what their heartbeats are answered.

use std::sync::Arc;

use longhaul_tasks::{
    Progress, TaskId,
    store::{AttemptKey, Beat, Claimed, Signal, Store, WorkerId},
};

use crate::{
    reading::RecordingListener,
    samples::{finished, new_task_of_kind},
    store_under_test::StoreUnderTest,
};

pub(super) async fn a_worker_claims_only_the_kinds_that_it_names<S: Store>(store: &StoreUnderTest<S>) {
    let mut ids = Vec::new();
    for kind in ["import", "export", "import", "delete"] {
        ids.push(store.submit_task(new_task_of_kind(kind, &[])).await);
    }
    assert_eq!(store.claim_up_to(9, &["no-such-kind"]).await.len(), 0);
    let exports = store.claim_up_to(1, &["export", "delete"]).await;
    assert_eq!(claimed_ids(&exports), [ids[1]]);
    let others = store.claim_up_to(9, &["delete", "no-such-kind"]).await;
    assert_eq!(claimed_ids(&others), [ids[3]]);
    assert!(others.iter().all(|claimed| &*claimed.kind == "delete"));
    let every_kind = store.claim_up_to(9, &[]).await;
    assert_eq!(claimed_ids(&every_kind), [ids[0], ids[2]], "an empty list means every kind");
}

pub(super) async fn a_worker_claims_as_many_tasks_at_once_as_it_wants<S: Store>(store: &StoreUnderTest<S>) {
    let mut ids = Vec::new();
    for lanes in [&["a"][..], &["a"], &["b"], &[], &[]] {
        ids.push(store.submit(lanes).await);
    }
    assert_eq!(store.claim_up_to(0, &[]).await.len(), 0);
    let first = store.claim_up_to(3, &[]).await;
    assert_eq!(claimed_ids(&first), [ids[0], ids[2], ids[3]], "in order, one of each lane");
    let second = store.claim_up_to(9, &[]).await;
    assert_eq!(claimed_ids(&second), [ids[4]], "no more than are ready");
    store.end(first[0].key, finished()).await.unwrap();
    let third = store.claim_up_to(9, &[]).await;
    assert_eq!(claimed_ids(&third), [ids[1]]);
}

pub(super) async fn commands_of_a_released_attempt_are_refused<S: Store>(store: &StoreUnderTest<S>) {
    let id = store.submit(&["a"]).await;
    let first = store.claim_one().await;
    assert_eq!(store.release(first.key, false).await, Ok(()));
    store.assert_is_over(first.key).await;
    let second = store.claim_one().await;
    assert_eq!(second.key.id, id);
    assert!(second.key.fence > first.key.fence, "fences increase");
    store.assert_is_over(first.key).await;
    store.assert_is_over(AttemptKey { fence: second.key.fence + 1, ..second.key }).await;
    store.assert_is_over(AttemptKey { id: TaskId(999), ..second.key }).await;
    assert_eq!(store.end(second.key, finished()).await, Ok(()));
}

pub(super) async fn a_task_of_a_living_worker_is_not_recovered<S: Store>(store: &StoreUnderTest<S>) {
    store.submit(&[]).await;
    let key = store.claim_one().await.key;
    for worker in [&store.worker, &WorkerId::new("worker 2")] {
        assert_eq!(store.inner.recover(worker).await.unwrap().len(), 0);
    }
    assert_eq!(store.end(key, finished()).await, Ok(()));
}

pub(super) async fn a_heartbeat_of_a_running_attempt_changes_nothing<S: Store>(store: &StoreUnderTest<S>) {
    let id = store.submit(&[]).await;
    let attempt = store.claim_one().await.key;
    let before = format!("{:?}", store.record(id).await);
    let listener = Arc::new(RecordingListener::default());
    store.inner.subscribe(listener.clone());
    let progress = Progress { step: "Checking...".into(), done: 1, total: Some(2), unit: "stores".into() };
    let beats = vec![Beat { attempt, progress: Some(progress) }];
    assert_eq!(store.inner.heartbeat(&store.worker, beats).await.unwrap(), []);
    assert_eq!(store.inner.heartbeat(&store.worker, Vec::new()).await.unwrap(), []);
    assert_eq!(format!("{:?}", store.record(id).await), before);
    assert_eq!(listener.all(), [], "progress is not announced");
}

pub(super) async fn a_heartbeat_is_answered_with_cancels<S: Store>(store: &StoreUnderTest<S>) {
    store.submit(&[]).await;
    store.submit(&[]).await;
    let keys: Vec<_> = store.claim_up_to(2, &[]).await.iter().map(|claimed| claimed.key).collect();
    assert_eq!(store.heartbeat(&keys).await, []);
    store.cancel(keys[1].id).await;
    for _ in 0..2 {
        assert_eq!(
            store.heartbeat(&keys).await,
            [Signal::Cancel(keys[1])],
            "in every heartbeat until it ends"
        );
    }
}

pub(super) async fn a_heartbeat_is_answered_with_lost_attempts<S: Store>(store: &StoreUnderTest<S>) {
    for _ in 0..4 {
        store.submit(&[]).await;
    }
    let keys: Vec<_> = store.claim_up_to(4, &[]).await.iter().map(|claimed| claimed.key).collect();
    store.end(keys[0], finished()).await.unwrap();
    store.release(keys[1], true).await.unwrap();
    store.end(keys[2], finished()).await.unwrap();
    store.prune(keys[2].id).await.result.unwrap();
    let lost = [keys[0], keys[1], keys[2]].map(Signal::Lost);
    let mut signals = store.heartbeat(&keys).await;
    signals.sort_by_key(|signal| match signal {
        Signal::Cancel(key) | Signal::Lost(key) => key.id,
    });
    assert_eq!(signals, lost);
    let again = store.claim_one().await;
    assert_eq!(store.heartbeat(&[keys[1], again.key]).await, [Signal::Lost(keys[1])], "under a newer fence");
}

fn claimed_ids(claimed: &[Claimed]) -> Vec<TaskId> {
    claimed.iter().map(|claimed| claimed.key.id).collect()
}
