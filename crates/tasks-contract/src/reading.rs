//! What is seen of tasks: one by one, in pages, as numbers, and in notices.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use longhaul_tasks::{
    ErrorReport, Filter, Page, Priority, Report, Status, TaskId, Totals,
    clock::Clock as _,
    store::{End, Listener, NewTask, Notice, Record, Store},
};
use parking_lot::Mutex;

use crate::{
    samples::{cancel, failed, finished, new_task, new_task_of_kind, submit},
    store_under_test::StoreUnderTest,
};

pub(super) async fn what_was_answered_is_visible<S: Store>(store: &StoreUnderTest<S>) {
    for outcome in store.apply_all(vec![submit(new_task(&["a"])), submit(new_task(&["b"]))]).await {
        let answered = outcome.record.unwrap();
        let seen = store.record(answered.task.id).await;
        assert_eq!(format!("{seen:?}"), format!("{answered:?}"));
        let task = &seen.task;
        assert_eq!(
            (task.status, &*task.kind, &*task.description),
            (Status::Waiting, "check", "Check the store.")
        );
        assert_eq!((task.owner.as_deref(), task.transaction.as_deref()), (Some("somebody"), None));
        assert_eq!((task.created, task.started, task.finished), (store.clock.now(), None, None));
        assert_eq!((task.attempt, seen.interruptions, seen.cancel_requested), (0, 0, false));
    }
}

pub(super) async fn many_ids_are_answered_in_order<S: Store>(store: &StoreUnderTest<S>) {
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(store.submit(&[]).await);
    }
    store.apply_all(vec![cancel(ids[2])]).await;
    store.prune(ids[2]).await;
    let asked = [ids[3], TaskId(0), ids[0], ids[2], ids[3], TaskId(u64::MAX), ids[1]];
    let found = store.inner.get(&asked).await.unwrap();
    let found: Vec<_> = found.iter().map(|record| record.as_ref().map(|record| record.task.id)).collect();
    assert_eq!(found, [Some(ids[3]), None, Some(ids[0]), None, Some(ids[3]), None, Some(ids[1])]);
    assert!(store.inner.get(&[]).await.unwrap().is_empty());
}

pub(super) async fn a_long_report_comes_back_whole<S: Store>(store: &StoreUnderTest<S>) {
    for length in [0, 200, 300, 4000, 5000, 1_000_000] {
        let id = store.submit(&[]).await;
        let key = store.claim_one().await.key;
        let long = Arc::new(Report::new().long_text("text", "é".repeat(length)));
        let error = Arc::new(ErrorReport { message: "x".repeat(length), causes: vec!["y".into()] });
        store.end(key, End::Failed(error.clone(), Some(long.clone()))).await.unwrap();
        let assert_is_whole = |record: &Record| {
            assert_eq!(record.task.result.as_ref(), Some(&long));
            assert_eq!(record.task.error.as_ref(), Some(&error));
        };
        assert_is_whole(&*store.record(id).await);
        assert_is_whole(&store.all(&Filter::default()).await[0]);
        assert_is_whole(&store.cancel(id).await.record.unwrap());
        assert_is_whole(&store.prune(id).await.record.unwrap());
    }
}

pub(super) async fn tasks_that_ended_long_ago_look_as_they_did<S: Store>(store: &StoreUnderTest<S>) {
    let mut first = Vec::new();
    for number in 0..3 {
        let task = NewTask { transaction: Some("t-1".into()), priority: Priority::High, ..new_task(&["a"]) };
        let id = store.submit_task(task).await;
        store.clock.advance(Duration::from_millis(7));
        let key = store.claim_one().await.key;
        store.seal(key).await.unwrap();
        store.end(key, if number == 0 { finished() } else { failed() }).await.unwrap();
        first.push((id, format!("{:?}", store.record(id).await)));
    }
    let submits = (0..5000).map(|_| submit(new_task(&[]))).collect();
    let outcomes = store.apply_all(submits).await;
    let cancels = outcomes.iter().map(|outcome| cancel(outcome.record.as_ref().unwrap().task.id)).collect();
    store.apply_all(cancels).await;
    for (id, looked) in first {
        assert_eq!(format!("{:?}", store.record(id).await), looked);
    }
}

pub(super) async fn a_page_is_filtered_and_in_order<S: Store>(store: &StoreUnderTest<S>) {
    let mut ids = Vec::new();
    for number in 0..20 {
        let mut task = new_task_of_kind(["import", "export"][number % 2], &[]);
        task.owner = (number % 3 != 0).then(|| ["ann", "bob"][number % 2].into());
        ids.push(store.submit_task(task).await);
        store.clock.advance(Duration::from_secs(1));
    }
    for _ in 0..5 {
        store.end(store.claim_one().await.key, finished()).await.unwrap();
    }
    store.prune(ids[3]).await;
    let all = store.all(&Filter::default()).await;
    assert_eq!(all.len(), 19);
    assert!(all.is_sorted_by_key(|record| record.task.id), "oldest first");

    let moment = all[9].task.created;
    let filters = [
        Filter { status: vec![Status::Finished], ..Filter::default() },
        Filter { kind: Some("export".into()), ..Filter::default() },
        Filter { owner: Some("bob".into()), status: vec![Status::Waiting], ..Filter::default() },
        Filter { since: Some(moment), ..Filter::default() },
        Filter { before: Some(moment), kind: Some("import".into()), ..Filter::default() },
        Filter { after: Some(ids[3]), ..Filter::default() },
        Filter { after: Some(TaskId(u64::MAX)), ..Filter::default() },
    ];
    for filter in filters {
        let passes = all.iter().map(|record| &record.task).filter(|task| filter.lets_through(task));
        let expected: Vec<_> = passes.map(|task| task.id).collect();
        for limit in [None, Some(1), Some(4)] {
            let found = store.all(&Filter { limit, ..filter.clone() }).await;
            assert_eq!(found.iter().map(|record| record.task.id).collect::<Vec<_>>(), expected, "{filter:?}");
        }
    }
}

pub(super) async fn a_page_is_bounded_and_says_where_the_next_one_begins<S: Store>(
    store: &StoreUnderTest<S>,
) {
    const TASKS: usize = Page::MAX + 5;
    store.apply_all((0..TASKS).map(|_| submit(new_task(&[]))).collect()).await;
    for limit in [None, Some(Page::MAX + 1), Some(usize::MAX)] {
        let filter = Filter { limit, ..Filter::default() };
        let first = store.inner.page(&filter).await.unwrap();
        assert_eq!(first.records.len(), Page::MAX);
        assert_eq!(first.next, first.records.last().map(|record| record.task.id));
        let last = store.inner.page(&Filter { after: first.next, ..filter }).await.unwrap();
        assert_eq!((last.records.len(), last.next), (5, None));
    }

    let mut seen = BTreeSet::new();
    let mut filter = Filter { limit: Some(70), ..Filter::default() };
    loop {
        let page = store.inner.page(&filter).await.unwrap();
        assert!(page.records.len() <= 70);
        for record in &page.records {
            assert!(seen.insert(record.task.id), "no page shows a task of another");
        }
        let Some(next) = page.next else { break };
        filter.after = Some(next);
    }
    assert_eq!(seen.len(), TASKS);
    let none = Filter { kind: Some("no-such-kind".into()), ..Filter::default() };
    let page = store.inner.page(&none).await.unwrap();
    assert!(page.records.is_empty() && page.next.is_none());
}

pub(super) async fn totals_and_counters_agree_with_the_list<S: Store>(store: &StoreUnderTest<S>) {
    for number in 0..12 {
        let mut task = new_task_of_kind(["import", "export"][number % 2], &[]);
        task.subject = ["roads", "rivers", "rails"].get(number % 4).map(|subject| (*subject).into());
        store.submit_task(task).await;
    }
    for number in 0..8 {
        let key = store.claim_one().await.key;
        store.clock.advance(Duration::from_secs(2));
        match number % 4 {
            0 => store.end(key, finished()).await.unwrap(),
            1 => store.end(key, failed()).await.unwrap(),
            2 => drop(store.cancel(key.id).await),
            _ => drop(store.prune(key.id).await),
        }
    }
    let filters = [
        Filter::default(),
        Filter { subject: Some("roads".into()), ..Filter::default() },
        Filter { within: Some(vec!["rivers".into(), "rails".into()]), ..Filter::default() },
        Filter { within: Some(Vec::new()), ..Filter::default() },
        Filter {
            status: vec![Status::Running, Status::Failed],
            kind: Some("export".into()),
            ..Filter::default()
        },
    ];
    for filter in filters {
        let mut expected = Totals::default();
        store.all(&filter).await.iter().for_each(|record| *expected.of(record.task.status) += 1);
        let paged = Filter { limit: Some(1), after: Some(TaskId(3)), ..filter.clone() };
        assert_eq!(store.inner.totals(&paged).await.unwrap(), expected, "{filter:?}");
    }
    let counters = store.inner.counters().await.unwrap();
    let mut counted = Totals::default();
    counters.tasks.iter().for_each(|(_, status, count)| *counted.of(*status) += count);
    assert_eq!(counted, store.inner.totals(&Filter::default()).await.unwrap());
    assert_eq!((counters.queue_depth(), counters.waiting_time.count()), (4, 8));
    assert_eq!((counters.run_time.count(), counters.run_time.sum), (4, Duration::from_secs(8)));
}

pub(super) async fn every_listener_is_notified_of_work_cancels_ends_and_removals<S: Store>(
    store: &StoreUnderTest<S>,
) {
    let early = Arc::new(RecordingListener::default());
    store.inner.subscribe(early.clone());
    let first = store.submit(&["a"]).await;
    let late = Arc::new(RecordingListener::default());
    store.inner.subscribe(late.clone());
    assert_eq!((early.work(), late.all().len()), (1, 0), "from now on");
    let second = store.submit(&["a"]).await;
    let key = store.claim_one().await.key;
    assert!(early.count(Notice::Changed(first)) >= 2, "of the submit and of the start");
    store.end(key, finished()).await.unwrap();
    for listener in [&early, &late] {
        assert!(listener.count(Notice::Changed(first)) >= 1);
        assert_eq!(listener.count(Notice::Ended(first)), 1);
        assert!(listener.work() >= 1, "the lane is free");
    }
    store.prune(first).await;
    store.cancel(second).await;
    store.submit(&[]).await;
    let third = store.claim_one().await.key.id;
    store.cancel(third).await;
    for listener in [&early, &late] {
        assert_eq!(listener.count(Notice::Gone(first)), 1);
        assert_eq!(listener.count(Notice::Ended(second)), 1);
        assert_eq!(listener.count(Notice::CancelRequested(second)), 0, "it does not run");
        assert_eq!(listener.count(Notice::CancelRequested(third)), 1);
    }
}

/// Keeps every notice.
#[derive(Default)]
pub(crate) struct RecordingListener(Mutex<Vec<Notice>>);

impl RecordingListener {
    pub(crate) fn all(&self) -> Vec<Notice> {
        self.0.lock().clone()
    }

    pub(crate) fn count(&self, notice: Notice) -> usize {
        self.0.lock().iter().filter(|other| **other == notice).count()
    }

    /// How many tasks may have become ready.
    pub(crate) fn work(&self) -> usize {
        self.0.lock().iter().map(|notice| if let Notice::Work(tasks) = notice { *tasks } else { 0 }).sum()
    }
}

impl Listener for RecordingListener {
    fn notice(&self, notice: Notice) {
        self.0.lock().push(notice);
    }
}
