//! Lanes that attempts enter while they run.

use longhaul_tasks::{
    TaskId,
    store::{AttemptKey, Store},
};

use crate::{
    samples::{failed, finished},
    store_under_test::{StoreUnderTest, assert_waits, in_time},
};

/// Two running attempts; the first occupies the lane `a`, the second no lane.
async fn two_running<S: Store>(store: &StoreUnderTest<S>) -> (AttemptKey, AttemptKey) {
    store.submit(&["a"]).await;
    store.submit(&[]).await;
    (store.claim_one().await.key, store.claim_one().await.key)
}

pub(super) async fn a_free_lane_is_entered_at_once<S: Store>(store: &StoreUnderTest<S>) {
    let (_, key) = two_running(store).await;
    store.enter_free(key, "b").await;
    let waiting = store.submit(&["b"]).await;
    assert!(store.claim().await.is_none(), "it is occupied");
    store.leave(key, "c").await;
    assert!(store.claim().await.is_none(), "another lane was left");
    store.leave(key, "b").await;
    assert_eq!(store.claim_one().await.key.id, waiting);
    store.leave(key, "b").await;
    assert_eq!(store.end(key, finished()).await, Ok(()));
}

pub(super) async fn entering_waits_for_the_attempt_that_occupies_the_lane<S: Store>(
    store: &StoreUnderTest<S>,
) {
    let (first, second) = two_running(store).await;
    let mut entering = store.enter(second, "a");
    assert_waits(&mut entering).await;
    store.leave(first, "a").await;
    assert_waits(&mut entering).await;
    store.end(first, finished()).await.unwrap();
    in_time(entering).await.unwrap();

    store.submit(&[]).await;
    let third = store.claim_one().await.key;
    let mut entering = store.enter(third, "a");
    assert_waits(&mut entering).await;
    store.leave(second, "a").await;
    in_time(entering).await.unwrap();
}

pub(super) async fn an_attempt_that_enters_goes_before_waiting_tasks<S: Store>(store: &StoreUnderTest<S>) {
    let (first, second) = two_running(store).await;
    let waiting = store.submit(&["a", "b"]).await;
    let mut entering = store.enter(second, "a");
    assert_waits(&mut entering).await;
    // The waiting task is the next in the lane `b`, which is free; that does not keep the attempt out.
    store.enter_free(second, "b").await;
    store.end(first, finished()).await.unwrap();
    assert!(store.claim().await.is_none(), "the lane is given to the attempt that enters");
    in_time(entering).await.unwrap();
    store.leave(second, "a").await;
    assert!(store.claim().await.is_none());
    store.leave(second, "b").await;
    assert_eq!(store.claim_one().await.key.id, waiting);
}

pub(super) async fn attempts_enter_a_lane_in_the_order_in_which_they_ask<S: Store>(
    store: &StoreUnderTest<S>,
) {
    let (first, second) = two_running(store).await;
    store.submit(&[]).await;
    let third = store.claim_one().await.key;
    let mut third_enters = store.enter(third, "a");
    assert_waits(&mut third_enters).await;
    let mut second_enters = store.enter(second, "a");
    assert_waits(&mut second_enters).await;
    store.end(first, finished()).await.unwrap();
    in_time(third_enters).await.unwrap();
    assert_waits(&mut second_enters).await;
    store.leave(third, "a").await;
    in_time(second_enters).await.unwrap();
}

pub(super) async fn the_end_of_a_task_frees_the_lanes_it_entered<S: Store>(store: &StoreUnderTest<S>) {
    for is_released in [false, true] {
        store.submit(&[]).await;
        let key = store.claim_one().await.key;
        store.enter_free(key, "b").await;
        let waiting = store.submit(&["b"]).await;
        assert!(store.claim().await.is_none());
        match is_released {
            false => store.end(key, finished()).await.unwrap(),
            true => store.release(key, true).await.unwrap(),
        }
        let claimed = store.claim_up_to(9, &[]).await;
        assert!(claimed.iter().any(|claimed| claimed.key.id == waiting), "a new attempt enters anew");
        for claimed in claimed {
            store.end(claimed.key, finished()).await.unwrap();
        }
    }
}

pub(super) async fn a_task_whose_thread_still_runs_keeps_the_lanes_it_entered<S: Store>(
    store: &StoreUnderTest<S>,
) {
    let (_, key) = two_running(store).await;
    store.enter_free(key, "b").await;
    let waiting = store.submit(&["b"]).await;
    assert_eq!(store.apply(key.end_and_keep_lanes(failed())).await.result, Ok(()));
    assert!(store.claim().await.is_none(), "its thread may still work in it");
    assert_eq!(store.free_lanes(key.id).await, Ok(()));
    assert_eq!(store.claim_one().await.key.id, waiting);
}

pub(super) async fn an_attempt_that_is_over_enters_no_lane<S: Store>(store: &StoreUnderTest<S>) {
    enum Over {
        Ended,
        EndedWithLanes,
        Released,
    }
    for over in [Over::Ended, Over::EndedWithLanes, Over::Released] {
        let (first, second) = two_running(store).await;
        let mut entering = store.enter(second, "a");
        assert_waits(&mut entering).await;
        let command = match over {
            Over::Ended => second.end(finished()),
            Over::EndedWithLanes => second.end_and_keep_lanes(failed()),
            Over::Released => second.release(false),
        };
        assert_eq!(store.apply(command).await.result, Ok(()));
        assert!(in_time(entering).await.is_err(), "its attempt is over");
        assert!(in_time(store.enter(second, "c")).await.is_err());

        let waiting = store.submit(&["a", "c"]).await;
        store.end(first, finished()).await.unwrap();
        let _ = store.free_lanes(second.id).await;
        let claimed = store.claim_up_to(9, &[]).await;
        assert!(claimed.iter().any(|claimed| claimed.key.id == waiting), "the lanes are free");
        for claimed in claimed {
            store.end(claimed.key, finished()).await.unwrap();
        }
    }
    let unknown = AttemptKey { id: TaskId(999), fence: 1 };
    assert!(in_time(store.enter(unknown, "a")).await.is_err());
}

pub(super) async fn an_attempt_enters_a_lane_that_it_has<S: Store>(store: &StoreUnderTest<S>) {
    let (first, second) = two_running(store).await;
    for _ in 0..2 {
        store.enter_free(first, "a").await;
        store.enter_free(second, "b").await;
    }
    let of_the_task = store.submit(&["a"]).await;
    let entered = store.submit(&["b"]).await;
    for key in [first, second] {
        store.leave(key, "a").await;
        store.leave(key, "b").await;
        assert!(store.claim().await.is_none(), "the lane that was entered twice was left once");
    }
    store.leave(first, "a").await;
    assert!(store.claim().await.is_none(), "the lanes of the task itself are occupied until its end");
    store.leave(second, "b").await;
    assert_eq!(store.claim_one().await.key.id, entered);
    store.end(first, finished()).await.unwrap();
    assert_eq!(store.claim_one().await.key.id, of_the_task);
}

pub(super) async fn leaving_a_lane_withdraws_an_attempt_that_waits_for_it<S: Store>(
    store: &StoreUnderTest<S>,
) {
    let (first, second) = two_running(store).await;
    let mut entering = store.enter(second, "a");
    assert_waits(&mut entering).await;
    drop(entering);
    store.leave(second, "a").await;
    let waiting = store.submit(&["a"]).await;
    store.end(first, finished()).await.unwrap();
    let key = store.claim_one().await.key;
    assert_eq!(key.id, waiting);

    // This time the lane is granted before the future is dropped, and the future is not polled in between.
    let mut entering = store.enter(second, "a");
    assert_waits(&mut entering).await;
    store.end(key, finished()).await.unwrap();
    drop(entering);
    store.leave(second, "a").await;
    let waiting = store.submit(&["a"]).await;
    assert_eq!(store.claim_one().await.key.id, waiting);
}
