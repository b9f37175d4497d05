//! Properties 29 to 31.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use longhaul_tasks::{Filter, Progress, Status, Submission, Task, TaskId, clock::Clock as _};
use proptest::prelude::*;

use crate::stage::{Stage, done};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn progress_never_goes_back_within_a_step_and_a_percentage_stays_below_a_hundred() {
    let stage = Stage::new(1);
    let id = stage
        .submit(|ctx| {
            for step in 0..50 {
                ctx.step(format!("{step:02}")).total(Some(100)).unit("percent");
                std::thread::scope(|scope| {
                    for thread in 0..3 {
                        scope.spawn(move || {
                            for percent in 0..100 {
                                match thread {
                                    0 => ctx.reach(percent),
                                    _ => ctx.advance(1),
                                }?;
                            }
                            Ok::<_, longhaul_tasks::Cancelled>(())
                        });
                    }
                });
            }
            done()
        })
        .await;
    let mut last: Option<Progress> = None;
    loop {
        let task = stage.get(id).await;
        if task.status.has_ended() {
            assert_eq!(task.status, Status::Finished);
            break;
        }
        if let Some(progress) = task.progress {
            assert!(progress.done <= 100);
            if let Some(last) = last {
                assert!(
                    (&*last.step, last.done) <= (&*progress.step, progress.done),
                    "{last:?} {progress:?}"
                );
            }
            last = Some(progress);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn paging_shows_no_task_twice_and_misses_none_that_was_there_throughout() {
    let stage = Arc::new(Stage::new(2));
    let mut steady = BTreeSet::new();
    let mut passing = Vec::new();
    for number in 0..300 {
        let id = stage.submit(|_| done()).await;
        stage.wait(id).await;
        match number % 3 {
            0 => passing.push(id),
            _ => assert!(steady.insert(id)),
        }
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let traffic = tokio::spawn({
        let (stage, is_over) = (stage.clone(), is_over.clone());
        async move {
            while !is_over.load(SeqCst) {
                if let Some(id) = passing.pop() {
                    stage.tasks.prune(id).await.unwrap();
                }
                let id = stage.submit(|_| done()).await;
                stage.wait(id).await;
                passing.insert(0, id);
            }
        }
    });
    let last = *steady.last().unwrap();
    for limit in (1..40).step_by(6) {
        let mut seen = BTreeSet::new();
        let mut filter = Filter { limit: Some(limit), ..Filter::default() };
        while filter.after.is_none_or(|after| after < last) {
            let page = stage.tasks.list(&filter).await.unwrap();
            assert!(page.len() <= limit);
            for task in &page {
                assert!(seen.insert(task.id), "{} is shown twice", task.id);
            }
            filter.after = Some(page.last().unwrap().id);
        }
        assert!(seen.is_superset(&steady));
    }
    is_over.store(true, SeqCst);
    traffic.await.unwrap();
}

#[derive(Clone, Debug)]
struct Past {
    owner: Option<usize>,
    is_cancelled: bool,
    seconds_later: u64,
    is_pruned: bool,
}

fn past() -> impl Strategy<Value = Past> {
    (prop::option::of(0usize..3), any::<bool>(), 0u64..3, prop::bool::weighted(0.2)).prop_map(
        |(owner, is_cancelled, seconds_later, is_pruned)| Past {
            owner,
            is_cancelled,
            seconds_later,
            is_pruned,
        },
    )
}

type Question =
    (Option<usize>, Option<bool>, Option<usize>, Option<u64>, Option<u64>, Option<u64>, Option<usize>);

fn question() -> impl Strategy<Value = Question> {
    let maybe = |range: std::ops::Range<u64>| prop::option::of(range);
    (
        prop::option::of(0usize..3),
        prop::option::of(any::<bool>()),
        prop::option::of(0usize..3),
        maybe(0..60),
        maybe(0..60),
        maybe(0..40),
        prop::option::of(0usize..20),
    )
}

const OWNERS: [&str; 3] = ["ann", "bob", "cleo"];
const STATUSES: [Status; 3] = [Status::Waiting, Status::Running, Status::Cancelled];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn filters_agree_with_going_through_all_tasks(
        pasts in prop::collection::vec(past(), 0..40),
        questions in prop::collection::vec(question(), 20),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(check_filters(pasts, questions));
    }
}

async fn check_filters(pasts: Vec<Past>, questions: Vec<Question>) {
    let stage = Stage::new(1);
    let mut held = stage.submit_held(&[]).await;
    held.begun().await;
    let start = stage.clock.now();
    let mut expected: Vec<Task> = vec![stage.get(held.id).await];
    for past in pasts {
        stage.clock.advance(Duration::from_secs(past.seconds_later));
        let owner = past.owner.map(|owner| OWNERS[owner].to_string());
        let submission = Submission { owner, ..Submission::default() };
        let mut task = stage.tasks.submit(stage.job(&[], |_| done()), submission).await.unwrap();
        if past.is_cancelled || past.is_pruned {
            task = stage.tasks.cancel(task.id).await.unwrap().unwrap();
        }
        match past.is_pruned {
            true => drop(stage.tasks.prune(task.id).await.unwrap()),
            false => expected.push(task),
        }
    }
    for (status, kind, owner, since, before, after, limit) in questions {
        let moment = |seconds| start + Duration::from_secs(seconds);
        let filter = Filter {
            status: status.map(|status| STATUSES[status]).into_iter().collect(),
            kind: kind.map(|is_ours| if is_ours { "scripted" } else { "other" }.into()),
            owner: owner.map(|owner| OWNERS[owner].into()),
            since: since.map(moment),
            before: before.map(moment),
            after: after.map(TaskId),
            limit,
            ..Filter::default()
        };
        let found: Vec<_> = stage.tasks.list(&filter).await.unwrap().iter().map(|task| task.id).collect();
        let mut wanted: Vec<_> =
            expected.iter().filter(|task| meets(task, &filter)).map(|task| task.id).collect();
        wanted.truncate(limit.unwrap_or(usize::MAX));
        assert_eq!(found, wanted, "{filter:?}");
    }
    held.release();
}

/// Written apart from what is being tested.
fn meets(task: &Task, filter: &Filter) -> bool {
    let mut meets = true;
    if !filter.status.is_empty() {
        meets &= filter.status.contains(&task.status);
    }
    if let Some(kind) = &filter.kind {
        meets &= task.kind.to_string() == *kind;
    }
    if let Some(owner) = &filter.owner {
        meets &= task.owner.as_ref().map(|owner| owner.to_string()) == Some(owner.clone());
    }
    if let Some(since) = filter.since {
        meets &= task.created >= since;
    }
    if let Some(before) = filter.before {
        meets &= task.created < before;
    }
    if let Some(after) = filter.after {
        meets &= task.id.0 > after.0;
    }
    meets
}
