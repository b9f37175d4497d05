//! Which task is claimed next.

use longhaul_tasks::{
    PRIORITY_STEP, Priority,
    store::{CommandError, NewTask, Store},
};

use crate::{
    samples::{failed, finished, new_task, new_task_of_kind},
    store_under_test::StoreUnderTest,
};

pub(super) async fn a_lane_is_first_come_first_served<S: Store>(store: &StoreUnderTest<S>) {
    let a = store.submit(&["a"]).await;
    let both = store.submit(&["a", "b"]).await;
    let b = store.submit(&["b"]).await;
    let none = store.submit(&[]).await;
    let first = store.claim_one().await.key;
    assert_eq!(first.id, a);
    assert_eq!(store.claim_one().await.key.id, none, "an occupied lane holds up its own tasks only");
    assert!(store.claim().await.is_none(), "no task overtakes another in a lane");
    store.end(first, failed()).await.unwrap();
    let second = store.claim_one().await.key;
    assert_eq!(second.id, both);
    assert!(store.claim().await.is_none());
    store.end(second, finished()).await.unwrap();
    assert_eq!(store.claim_one().await.key.id, b);
}

pub(super) async fn a_stream_of_urgent_tasks_does_not_keep_an_ordinary_one_waiting<S: Store>(
    store: &StoreUnderTest<S>,
) {
    let of = |priority| NewTask { priority, ..new_task(&[]) };
    let low = store.submit_task(of(Priority::Low)).await;
    let normal = store.submit_task(of(Priority::Normal)).await;
    let mut order = Vec::new();
    for _ in 0..24 {
        store.submit_task(of(Priority::High)).await;
        let key = store.claim_one().await.key;
        store.end(key, finished()).await.unwrap();
        order.push(key.id);
        store.clock.advance(PRIORITY_STEP / 5);
    }
    let place = |id| order.iter().position(|other| *other == id);
    assert_eq!((place(normal), place(low)), (Some(5), Some(11)), "{order:?}");
}

pub(super) async fn a_priority_does_not_change_the_order_in_a_lane<S: Store>(store: &StoreUnderTest<S>) {
    let mut ids = Vec::new();
    for (priority, lane) in [(Priority::Low, "a"), (Priority::High, "a"), (Priority::Normal, "b")] {
        ids.push(store.submit_task(NewTask { priority, ..new_task(&[lane]) }).await);
    }
    for expected in [ids[2], ids[0], ids[1]] {
        let key = store.claim_one().await.key;
        assert_eq!(key.id, expected);
        store.end(key, finished()).await.unwrap();
    }
}

pub(super) async fn a_released_task_keeps_its_place_in_its_lane<S: Store>(store: &StoreUnderTest<S>) {
    let first = store.submit(&["a"]).await;
    store.submit(&["a"]).await;
    let key = store.claim_one().await.key;
    store.release(key, false).await.unwrap();
    assert_eq!(store.claim_one().await.key.id, first);
    assert!(store.claim().await.is_none());
}

pub(super) async fn a_kind_that_is_not_claimed_still_keeps_its_place_in_its_lane<S: Store>(
    store: &StoreUnderTest<S>,
) {
    let import = store.submit_task(new_task_of_kind("import", &["a"])).await;
    let export = store.submit_task(new_task_of_kind("export", &["a"])).await;
    assert!(store.claim_up_to(9, &["export"]).await.is_empty(), "it does not overtake the import");
    let key = store.claim_one().await.key;
    assert_eq!(key.id, import);
    store.end(key, finished()).await.unwrap();
    assert!(store.claim_up_to(9, &["import"]).await.is_empty());
    assert_eq!(store.claim_up_to(9, &["export"]).await[0].key.id, export);
}

pub(super) async fn a_task_whose_thread_still_runs_keeps_its_lanes_until_they_are_freed<S: Store>(
    store: &StoreUnderTest<S>,
) {
    let id = store.submit(&["a"]).await;
    let next = store.submit(&["a"]).await;
    let key = store.claim_one().await.key;
    assert_eq!(store.free_lanes(id).await, Err(CommandError::Unfinished));
    assert_eq!(store.apply(key.end_and_keep_lanes(failed())).await.result, Ok(()));
    store.assert_is_over(key).await;
    assert!(store.claim().await.is_none());
    assert_eq!(store.prune(id).await.result, Ok(()));
    assert!(store.claim().await.is_none(), "its thread still runs though the task is forgotten");
    for _ in 0..2 {
        assert_eq!(store.free_lanes(id).await, Ok(()));
    }
    assert_eq!(store.claim_one().await.key.id, next);
}
