//! What every store must do, as checks that panic where it does not.
//!
//! A store's own tests call [`check`] with a way to make a new, empty one. The checks use nothing but the two traits.

#![allow(clippy::unwrap_used, reason = "a store that does not answer has failed the check")]

mod checks;
mod model;
mod walk;

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    Answer, Claimed, Download, End, Idempotency, Limits, Listener, NewTask, Notice, Orphan, Record, Refusal,
    Store, Transition,
};
use crate::{ErrorReport, Lane, Priority, Report, TaskId, clock::ManualClock};

/// Runs every check, each on a store of its own that goes by the clock it is given.
///
/// # Panics
/// Where the store does not do what it must.
pub async fn check<S: Store>(mut make: impl AsyncFnMut(Arc<ManualClock>) -> S) {
    macro_rules! each {
        ($($check:ident),* $(,)?) => {$({
            let clock = Arc::new(ManualClock::default());
            let store = make(clock.clone()).await;
            store.attach(Arc::new(Deaf), Limits { max_unfinished: 1000, ..Limits::default() });
            eprintln!("  {}", stringify!($check).replace('_', " "));
            checks::$check(&Bench { store, clock }).await;
        })*};
    }
    each!(
        ids_increase_and_are_never_used_again,
        a_refused_task_leaves_nothing,
        an_owner_has_a_limit_of_its_own,
        a_full_store_refuses_until_something_is_forgotten,
        a_key_stands_for_one_task_for_a_day_whatever_becomes_of_it,
        a_refused_task_does_not_use_up_its_key,
        what_was_answered_is_visible,
        a_task_goes_from_waiting_over_running_to_finished,
        a_sealed_report_is_the_result,
        a_failed_task_keeps_its_error_and_its_report,
        a_waiting_task_is_cancelled_at_once,
        a_running_task_is_told_of_a_cancel_once,
        a_cancel_before_the_seal_wins,
        a_seal_before_the_cancel_wins,
        a_cancel_after_the_seal_counts_once_the_seal_is_void,
        nothing_is_cancelled_that_nobody_cancelled,
        an_ended_task_does_not_change_any_more,
        an_attempt_that_was_handed_back_can_write_nothing,
        a_task_handed_back_keeps_its_place_in_its_lane,
        a_cancelled_task_is_not_handed_back,
        a_void_seal_is_forgotten,
        a_lane_is_first_come_first_served,
        a_stream_of_urgent_tasks_does_not_keep_an_ordinary_one_waiting,
        a_priority_does_not_change_the_order_in_a_lane,
        a_task_that_was_cut_short_counts_that,
        a_long_report_comes_back_whole,
        tasks_that_ended_long_ago_look_as_they_did,
        a_given_up_task_keeps_its_lanes_until_they_are_freed,
        only_an_ended_task_is_pruned_and_only_once,
        a_sweep_goes_by_each_tasks_own_end,
        a_list_is_filtered_sorted_and_paged,
        totals_and_counters_agree_with_the_list,
        whoever_listens_hears_of_work_cancels_ends_and_removals,
    );
    check_walks(make).await;
}

/// Goes through random wishes; a store that fails now and then must do so without a trace.
///
/// # Panics
/// Where the store does not do what it must.
pub async fn check_walks<S: Store>(mut make: impl AsyncFnMut(Arc<ManualClock>) -> S) {
    for seed in 0..SEEDS {
        walk::walk(&walked(&mut make).await, seed).await;
    }
}

/// Goes through random wishes, with `restart` in between: it closes the store and opens it again.
///
/// # Panics
/// Where the store does not do what it must, or has forgotten something.
pub async fn check_restarts<S: Store>(
    mut make: impl AsyncFnMut(Arc<ManualClock>) -> S,
    mut restart: impl AsyncFnMut(S, Arc<ManualClock>) -> S,
) {
    for seed in 0..SEEDS / 4 {
        walk::walk_and_restart(walked(&mut make).await, seed, &mut restart).await;
    }
}

async fn walked<S: Store>(make: &mut impl AsyncFnMut(Arc<ManualClock>) -> S) -> Bench<S> {
    let clock = Arc::new(ManualClock::default());
    let store = make(clock.clone()).await;
    store.attach(Arc::new(Deaf), walk::limits());
    Bench { store, clock }
}

const SEEDS: u64 = 64;

/// A store that is being checked.
struct Bench<S> {
    store: S,
    clock: Arc<ManualClock>,
}

struct Deaf;

impl Listener for Deaf {
    fn notice(&self, _: Notice) {}
}

impl<S: Store> Bench<S> {
    async fn write(&self, wish: Transition) -> Answer {
        let mut answers = self.store.write(vec![wish]).await.expect("a store that is being checked answers");
        assert_eq!(answers.len(), 1, "one answer for one wish");
        answers.remove(0)
    }

    async fn submit(&self, lanes: &[&str]) -> TaskId {
        let answer = self.write(Transition::Submitted(new_task(lanes))).await;
        assert_eq!(answer.verdict, Ok(()));
        answer.record.expect("an accepted task has a record").task.id
    }

    async fn claim(&self) -> Option<Claimed> {
        self.store.claim().await.expect("a store that is being checked answers")
    }

    async fn claim_one(&self) -> Claimed {
        self.claim().await.expect("a task is ready")
    }

    async fn get(&self, id: TaskId) -> Option<Arc<Record>> {
        self.store.get(id).await.expect("a store that is being checked answers")
    }

    async fn record(&self, id: TaskId) -> Arc<Record> {
        self.get(id).await.expect("the task is there")
    }

    async fn cancel(&self, id: TaskId) -> Answer {
        self.write(Transition::CancelRequested { id }).await
    }

    async fn seal(&self, claimed: &Claimed) -> Result<(), Refusal> {
        let (id, attempt) = (claimed.id, claimed.attempt);
        let download = Some(Arc::new(Download { name: "a.gpkg".into(), media_type: "a/b".into() }));
        let wish =
            Transition::Sealed { id, attempt, intent: Some("7".into()), report: report("sealed"), download };
        self.write(wish).await.verdict
    }

    async fn end(&self, claimed: &Claimed, end: End) -> Result<(), Refusal> {
        let (id, attempt) = (claimed.id, claimed.attempt);
        self.write(Transition::Ended { id, attempt, end, keep_lanes: false }).await.verdict
    }

    async fn hand_back(&self, claimed: &Claimed) -> Result<(), Refusal> {
        self.write(Transition::HandedBack { id: claimed.id, attempt: claimed.attempt, was_cut_short: false })
            .await
            .verdict
    }

    async fn prune(&self, id: TaskId) -> Answer {
        self.write(Transition::Pruned { id }).await
    }
}

fn new_task(lanes: &[&str]) -> NewTask {
    NewTask {
        kind: "check".into(),
        job: r#"{"what":"this"}"#.into(),
        description: "Check the store.".into(),
        lanes: lanes.iter().map(|lane| Lane::new(*lane)).collect(),
        subject: Some("roads".into()),
        priority: Priority::Normal,
        owner: Some("somebody".into()),
        transaction: None,
        files: vec![PathBuf::from("upload")],
        starts_early: true,
        idempotency: None,
    }
}

fn report(what: &str) -> Arc<Report> {
    Arc::new(Report::new().text("report", what))
}

fn finished() -> End {
    End::Finished(report("returned"))
}

fn failed() -> End {
    End::Failed(Arc::new(ErrorReport::message("no")), None)
}
