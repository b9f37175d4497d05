//! Properties 1, 3 and 5.

use std::{collections::BTreeSet, sync::Arc};

use longhaul_tasks::{Context, Failure, Job, Registry, Report, Status, Submission, SubmitError, TaskId};
use serde::{Deserialize, Serialize};

use crate::stage::{Stage, done, within_reason};

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_unique_and_increase_in_the_order_of_acceptance() {
    const THREADS: usize = 8;
    const SUBMITS: usize = 200;
    let stage = Arc::new(Stage::new(2));
    let submitters = (0..THREADS).map(|_| {
        let stage = stage.clone();
        tokio::spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..SUBMITS {
                ids.push(stage.submit(|_| done()).await);
            }
            assert!(ids.is_sorted_by(|a, b| a < b));
            ids
        })
    });
    let mut all = BTreeSet::new();
    for submitter in submitters.collect::<Vec<_>>() {
        all.extend(submitter.await.unwrap());
    }
    assert_eq!(all.len(), THREADS * SUBMITS);
    assert!(all.first() > Some(&TaskId(0)), "ids are positive");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_not_used_again_after_a_prune_or_a_refused_submit() {
    let stage = Stage::with(|builder| builder.workers(1).max_unfinished(1));
    let mut last = TaskId(0);
    for _ in 0..20 {
        let held = stage.submit_held(&[]).await;
        assert!(matches!(stage.try_submit(|_| done()).await, Err(SubmitError::QueueFull { .. })));
        assert!(held.id > last);
        last = held.id;
        held.release();
        stage.wait(held.id).await;
        stage.tasks.prune(held.id).await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_very_next_look_at_a_new_id_finds_it() {
    let stage = Arc::new(Stage::new(2));
    let clients = (0..4).map(|_| {
        let stage = stage.clone();
        tokio::spawn(async move {
            for _ in 0..250 {
                let id = stage.submit(|_| done()).await;
                assert_eq!(stage.get(id).await.id, id);
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_and_everything_else_goes_on_working() {
    let stage = Stage::with(|builder| builder.workers(1).max_unfinished(3));
    let old = stage.submit(|_| done()).await;
    stage.wait(old).await;
    let mut running = stage.submit_held(&[]).await;
    running.begun().await;
    let waiting = stage.submit(|_| done()).await;
    let last = stage.submit(|_| done()).await;

    let Err(SubmitError::QueueFull { retry_after }) = stage.try_submit(|_| done()).await else {
        panic!("the queue is full");
    };
    assert!(!retry_after.is_zero());
    assert_eq!(stage.get(waiting).await.status, Status::Waiting);
    assert_eq!(stage.tasks.prune(old).await.unwrap().unwrap().status, Status::Finished);
    assert_eq!(stage.tasks.cancel(waiting).await.unwrap().unwrap().status, Status::Cancelled);

    let accepted = stage.try_submit(|_| done()).await.expect("a cancelled task makes room");
    running.release();
    assert_eq!(stage.wait(last).await.status, Status::Finished);
    assert_eq!(stage.wait(accepted.id).await.status, Status::Finished);
}

#[derive(Serialize, Deserialize)]
struct Foreign;

impl Job for Foreign {
    const KIND: &'static str = "foreign";
    type Env = ();

    fn description(&self) -> String {
        "Not for this server.".into()
    }

    fn run(self, _: &(), _: &Context) -> Result<Report, Failure> {
        Ok(Report::new())
    }
}

#[tokio::test]
async fn a_job_that_is_not_registered_is_refused() {
    let stage = Stage::new(1);
    let refused = stage.tasks.submit(Foreign, Submission::default()).await;
    assert!(matches!(refused, Err(SubmitError::NotRegistered { kind: "foreign" })));
}

#[test]
#[should_panic(expected = "two jobs are registered as `foreign`")]
fn a_kind_stands_for_one_job_only() {
    let _ = Registry::new(()).with::<Foreign>().with::<Foreign>();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_submitted_with_a_task_is_seen_and_fit_for_xml() {
    let stage = Stage::new(1);
    let submission = Submission {
        owner: Some("ann\u{0}".into()),
        transaction: Some("t-1".into()),
        ..Submission::default()
    };
    let task = stage.tasks.submit(stage.job(&[], |_| done()), submission).await.unwrap();
    assert_eq!((task.owner.as_deref(), task.transaction.as_deref()), (Some("ann\u{FFFD}"), Some("t-1")));
    assert_eq!((&*task.kind, &*task.description), ("scripted", "Do what script 0 says."));
    within_reason(stage.tasks.wait(task.id)).await.unwrap();
}
