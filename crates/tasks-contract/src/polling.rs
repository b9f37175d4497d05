//! The futures of a store.

use std::time::Duration;

use longhaul_tasks::{
    Filter, Lane, Status,
    store::{Store, WorkerId},
};

use crate::{
    samples::{cancel, finished, new_task, submit},
    store_under_test::StoreUnderTest,
};

pub(super) async fn nothing_happens_before_a_future_is_polled<S: Store>(store: &StoreUnderTest<S>) {
    let ended = store.submit(&[]).await;
    store.end(store.claim_one().await.key, finished()).await.unwrap();
    store.submit(&[]).await;
    let running = store.claim_one().await.key;
    store.enter_free(running, "entered").await;
    let waiting = store.submit(&["a"]).await;
    let before = format!("{:?}", store.all(&Filter::default()).await);

    drop(store.inner.apply(vec![submit(new_task(&[])), cancel(waiting), running.end(finished())]));
    drop(store.inner.claim(&store.worker, &[], 9));
    drop(store.inner.heartbeat(&store.worker, Vec::new()));
    drop(store.inner.enter(running, Lane::new("b")));
    drop(store.inner.leave(running, Lane::new("entered")));
    drop(store.inner.recover(&WorkerId::new("worker 2")));
    drop(store.inner.sweep(Duration::ZERO));

    // A command that is refused comes after everything that was asked for before it.
    assert!(store.free_lanes(waiting).await.is_err());
    assert_eq!(format!("{:?}", store.all(&Filter::default()).await), before);
    assert_eq!(store.record(ended).await.task.status, Status::Finished);
    let mut expected = vec![waiting];
    expected.push(store.submit(&["b"]).await);
    store.submit(&["entered"]).await;
    let claimed = store.claim_up_to(9, &[]).await;
    assert!(claimed.iter().map(|claimed| claimed.key.id).eq(expected), "{claimed:?}");
    assert_eq!(store.end(running, finished()).await, Ok(()));
}
