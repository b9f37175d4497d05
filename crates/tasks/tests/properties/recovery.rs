//! What a runtime makes of the tasks that another left running: the decisions of a recovery, without its disk.

use std::{sync::mpsc, time::Duration};

use longhaul_tasks::{Report, Status, Submission, TaskId, Tasks};
use longhaul_tasks_contract::ForwardingStore;

use crate::stage::{Held, Stage, done, within_reason};

/// A stage with one held task in a lane, which has begun.
async fn stage_and_held() -> (Stage, ForwardingStore, Held) {
    let store = ForwardingStore::default();
    let stage = Stage::with(|builder| builder.workers(2).store(store.clone()));
    let mut held = stage.submit_held(&["lane"]).await;
    held.begun().await;
    (stage, store, held)
}

async fn ended(tasks: &Tasks, id: TaskId) -> longhaul_tasks::Task {
    within_reason(tasks.wait(id)).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_was_cut_short_runs_again_before_those_behind_it_in_its_lane() {
    let (stage, store, held) = stage_and_held().await;
    let behind = stage.submit_in(&["lane"], |_| done()).await;
    store.crash();
    stage.script_again(held.number, |_| done());
    let next = stage.successor(store);
    assert_eq!(ended(&next, held.id).await.status, Status::Finished);
    let behind = ended(&next, behind).await;
    assert_eq!(behind.status, Status::Finished);
    held.release();
    stage.tasks.stop(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_survives_the_worker_and_the_task_does_not_run_again() {
    let (stage, store, held) = stage_and_held().await;
    stage.tasks.cancel(held.id).await.unwrap();
    store.crash();
    stage.script_again(held.number, |_| panic!("it must not run again"));
    let next = stage.successor(store);
    assert_eq!(ended(&next, held.id).await.status, Status::Cancelled);
    held.release();
}

async fn crash_after_the_seal(intent: &'static str) -> longhaul_tasks::Task {
    let store = ForwardingStore::default();
    let stage = Stage::with(|builder| builder.workers(1).store(store.clone()));
    let (has_sealed, sealed) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let number = stage.next_number();
    let upload = stage.upload("upload");
    let job = stage.job(&[], move |ctx| {
        std::fs::write(ctx.result_file("a.gpkg", "a/b")?, "whole")?;
        ctx.seal(&intent, &Report::new().text("attempt", "first"))?;
        has_sealed.send(()).unwrap();
        let _ = released.recv();
        done()
    });
    let submission = Submission { files: vec![upload.clone()], ..Submission::default() };
    let id = stage.tasks.submit(job, submission).await.unwrap().id;
    sealed.recv().unwrap();
    store.crash();
    stage.script_again(number, |_| Ok(Report::new().text("attempt", "second")));
    let next = stage.successor(store);
    let task = ended(&next, id).await;
    assert!(!upload.exists());
    let file = next.result_file(id).await.unwrap();
    assert_eq!(file.is_some(), intent == "published", "the file is there if the publication was possible");
    assert_eq!(stage.results(), file.map(|_| id.to_string()).into_iter().collect::<Vec<_>>());
    drop(release);
    task
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_task_is_published_by_the_next_runtime_and_finished_with_the_sealed_report() {
    let task = crash_after_the_seal("published").await;
    assert_eq!(task.status, Status::Finished);
    assert_eq!(*task.result.unwrap(), Report::new().text("attempt", "first"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_task_whose_publication_is_impossible_fails_and_does_not_run_again() {
    let task = crash_after_the_seal("lost").await;
    assert_eq!(task.status, Status::Failed);
    assert_eq!(task.error.unwrap().message, "nothing was published");
    assert_eq!(task.result, None);
}
