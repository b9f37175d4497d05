//! What every [`Store`] must do, as checks that panic where it does not.
//!
//! The tests of a store call [`check`] with a way to make a new, empty one, and [`check_restarts`] if its tasks outlive the
//! process. The checks use nothing but the trait. How the runtime uses a store is not tested here.
//!
//! [`ForwardingStore`] is a store for tests of the runtime: it is slow, fails, or is written to by others when a test says so.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a store that does not answer has failed the check")]

mod admission;
mod attempts;
mod batches;
mod forwarding_store;
mod lanes;
mod model;
mod polling;
mod queue;
mod random;
mod random_walk;
mod reading;
mod recovery;
mod retention;
mod samples;
mod states;
mod store_under_test;

use std::sync::Arc;

use longhaul_tasks::{clock::ManualClock, store::Store};

pub use self::forwarding_store::ForwardingStore;
use self::store_under_test::StoreUnderTest;

/// How many random walks a store has to pass.
const SEEDS: u64 = 64;

/// Runs every check, each on a new store that goes by the clock it is given.
///
/// # Panics
/// Where the store does not do what it must.
pub async fn check<S: Store>(mut make: impl AsyncFnMut(Arc<ManualClock>) -> S) {
    macro_rules! each {
        ($($module:ident: $($check:ident),+;)+) => {$($({
            eprintln!("  {}", stringify!($check).replace('_', " "));
            $module::$check(&new(&mut make).await).await;
        })+)+};
    }
    each!(
        admission:
            ids_increase_and_are_never_used_again,
            a_refused_submit_leaves_nothing,
            an_owner_has_a_limit_of_its_own,
            large_jobs_are_limited_by_their_bytes_and_one_owner_by_half_of_them,
            a_full_store_refuses_until_a_task_is_forgotten,
            submits_of_one_batch_are_refused_from_the_limit_on,
            a_key_stands_for_one_task_for_a_day_whatever_becomes_of_it,
            a_refused_submit_does_not_use_up_its_key,
            as_many_keys_are_kept_as_tasks_may_be;
        states:
            a_task_goes_from_waiting_to_running_to_finished,
            a_sealed_report_is_the_result,
            a_failed_task_keeps_its_error_and_its_report,
            a_sealed_task_fails_if_it_cannot_be_published,
            a_waiting_task_is_cancelled_at_once,
            a_running_task_is_asked_to_stop_once,
            a_cancel_before_the_seal_wins,
            a_cancel_after_the_seal_is_not_recorded,
            a_sealed_task_is_neither_released_nor_cancelled,
            only_a_task_that_was_asked_to_stop_ends_cancelled,
            an_ended_task_does_not_change_any_more,
            a_released_task_waits_again,
            an_interruption_is_counted,
            a_task_that_was_asked_to_stop_is_not_released;
        attempts:
            a_worker_claims_only_the_kinds_that_it_names,
            a_worker_claims_as_many_tasks_at_once_as_it_wants,
            commands_of_a_released_attempt_are_refused,
            a_task_of_a_living_worker_is_not_recovered,
            a_heartbeat_of_a_running_attempt_changes_nothing,
            a_heartbeat_is_answered_with_cancels,
            a_heartbeat_is_answered_with_lost_attempts;
        queue:
            a_lane_is_first_come_first_served,
            a_stream_of_urgent_tasks_does_not_keep_an_ordinary_one_waiting,
            a_priority_does_not_change_the_order_in_a_lane,
            a_released_task_keeps_its_place_in_its_lane,
            a_kind_that_is_not_claimed_still_keeps_its_place_in_its_lane,
            a_task_whose_thread_still_runs_keeps_its_lanes_until_they_are_freed;
        lanes:
            a_free_lane_is_entered_at_once,
            entering_waits_for_the_attempt_that_occupies_the_lane,
            an_attempt_that_enters_goes_before_waiting_tasks,
            attempts_enter_a_lane_in_the_order_in_which_they_ask,
            the_end_of_a_task_frees_the_lanes_it_entered,
            a_task_whose_thread_still_runs_keeps_the_lanes_it_entered,
            an_attempt_that_is_over_enters_no_lane,
            an_attempt_enters_a_lane_that_it_has,
            leaving_a_lane_withdraws_an_attempt_that_waits_for_it;
        batches:
            a_batch_is_carried_out_in_order,
            a_submit_sees_what_the_batch_has_freed,
            an_existing_task_is_cancelled_and_pruned_in_one_batch,
            a_task_ends_and_is_pruned_in_one_batch,
            lanes_are_freed_by_a_batch_as_a_whole;
        polling:
            nothing_happens_before_a_future_is_polled;
        reading:
            what_was_answered_is_visible,
            many_ids_are_answered_in_order,
            a_long_report_comes_back_whole,
            tasks_that_ended_long_ago_look_as_they_did,
            a_page_is_filtered_and_in_order,
            a_page_is_bounded_and_says_where_the_next_one_begins,
            totals_and_counters_agree_with_the_list,
            every_listener_is_notified_of_work_cancels_ends_and_removals;
        retention:
            only_an_ended_task_is_pruned_and_only_once,
            a_sweep_goes_by_each_tasks_own_end,
            a_pruned_task_is_not_swept_again;
    );
    check_random_walks(make).await;
}

/// Compares the store with a model while random commands are applied; if it fails, nothing must have happened.
///
/// # Panics
/// Where the store does not do what it must.
pub async fn check_random_walks<S: Store>(mut make: impl AsyncFnMut(Arc<ManualClock>) -> S) {
    for seed in 0..SEEDS {
        random_walk::walk(&new(&mut make).await, seed).await;
    }
}

/// Checks what a store keeps when it is closed and opened again, which is what `restart` does: all of
/// [`check_recovery`], and random walks with restarts in between.
///
/// # Panics
/// Where the store does not do what it must, or has forgotten something.
pub async fn check_restarts<S: Store>(
    mut make: impl AsyncFnMut(Arc<ManualClock>) -> S,
    mut restart: impl AsyncFnMut(S, Arc<ManualClock>) -> S,
) {
    check_recovery(&mut make, &mut restart).await;
    for seed in 0..SEEDS / 4 {
        random_walk::walk_and_restart(new(&mut make).await, seed, &mut restart).await;
    }
}

/// Checks what becomes of running tasks when their worker is gone; after `restart` another one uses the store.
///
/// # Panics
/// Where the store does not do what it must.
pub async fn check_recovery<S: Store>(
    mut make: impl AsyncFnMut(Arc<ManualClock>) -> S,
    mut restart: impl AsyncFnMut(S, Arc<ManualClock>) -> S,
) {
    macro_rules! each {
        ($($check:ident),+ $(,)?) => {$({
            eprintln!("  {}", stringify!($check).replace('_', " "));
            recovery::$check(new(&mut make).await, &mut restart).await;
        })+};
    }
    each!(
        a_running_task_is_recovered_once_under_a_new_fence,
        a_recovered_task_occupies_its_lanes_until_it_ends,
        lanes_entered_by_an_attempt_that_is_gone_are_free,
        a_seal_outlives_the_process_and_decides_the_end,
        a_cancel_outlives_the_process,
        interruptions_outlive_the_process,
        tasks_that_were_interrupted_twice_run_one_at_a_time,
    );
}

async fn new<S: Store>(make: &mut impl AsyncFnMut(Arc<ManualClock>) -> S) -> StoreUnderTest<S> {
    let clock = Arc::new(ManualClock::default());
    StoreUnderTest::new(make(clock.clone()).await, clock)
}
