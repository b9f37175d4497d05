//! How tasks are forgotten.

use std::time::Duration;

use longhaul_tasks::{
    Status, TaskId,
    store::{CommandError, Store, Swept},
};

use crate::{samples::finished, store_under_test::StoreUnderTest};

const MINUTE: Duration = Duration::from_secs(60);
const KEEP: Duration = Duration::from_secs(600);

pub(super) async fn only_an_ended_task_is_pruned_and_only_once<S: Store>(store: &StoreUnderTest<S>) {
    let id = store.submit(&[]).await;
    assert_eq!(store.prune(id).await.result, Err(CommandError::Unfinished));
    let key = store.claim_one().await.key;
    let outcome = store.prune(id).await;
    assert_eq!(outcome.result, Err(CommandError::Unfinished));
    assert_eq!(outcome.record.unwrap().task.status, Status::Running);
    store.end(key, finished()).await.unwrap();
    let outcome = store.prune(id).await;
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.record.unwrap().task.status, Status::Finished, "it is answered once more");
    assert!(store.get(id).await.is_none());
    let outcome = store.prune(id).await;
    assert_eq!(outcome.result, Err(CommandError::Unknown));
    assert!(outcome.record.is_none());
}

pub(super) async fn a_sweep_goes_by_each_tasks_own_end<S: Store>(store: &StoreUnderTest<S>) {
    let running = store.submit(&["occupied"]).await;
    store.claim_one().await;
    let mut ended = Vec::new();
    for _ in 0..3 {
        let id = store.submit(&[]).await;
        store.end(store.claim_one().await.key, finished()).await.unwrap();
        ended.push(id);
        store.clock.advance(MINUTE);
    }
    store.prune(ended[1]).await;
    let nothing = store.inner.sweep(KEEP).await.unwrap();
    assert!(nothing.gone.is_empty());
    assert_eq!(nothing.next, Some(KEEP - 3 * MINUTE));

    store.clock.advance(KEEP - 3 * MINUTE);
    let first = store.inner.sweep(KEEP).await.unwrap();
    assert_eq!(gone(&first), ended[..1]);
    assert!(store.get(ended[0]).await.is_none());
    assert!(store.get(ended[2]).await.is_some());
    store.clock.advance(2 * MINUTE);
    let last = store.inner.sweep(KEEP).await.unwrap();
    assert_eq!(gone(&last), ended[2..]);
    assert_eq!(last.next, None);
    assert_eq!(store.record(running).await.task.status, Status::Running, "only ended tasks are forgotten");
}

pub(super) async fn a_pruned_task_is_not_swept_again<S: Store>(store: &StoreUnderTest<S>) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(store.submit(&[]).await);
        store.end(store.claim_one().await.key, finished()).await.unwrap();
    }
    assert_eq!(store.prune(ids[0]).await.result, Ok(()));
    assert_eq!(gone(&store.inner.sweep(Duration::ZERO).await.unwrap()), ids[1..]);
    assert_eq!(gone(&store.inner.sweep(Duration::ZERO).await.unwrap()), []);
    assert_eq!(store.prune(ids[1]).await.result, Err(CommandError::Unknown), "of the two the sweep won");
}

fn gone(swept: &Swept) -> Vec<TaskId> {
    swept.gone.clone()
}
