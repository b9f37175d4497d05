//! The runtime with stores that are slow, that fail, or that somebody else writes to at the worst moment.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use longhaul_tasks::{
    Status, StoreError, Submission, SubmitError, TaskId,
    store::{Command, TaskCommand},
};
use longhaul_tasks_contract::ForwardingStore;

use crate::stage::{Stage, done, names, spin};

fn on(store: ForwardingStore) -> Stage {
    Stage::with(|builder| builder.workers(2).store(store))
}

fn cancel(id: TaskId) -> Command {
    Command::Change { id, command: TaskCommand::Cancel }
}

fn disk_is_full() -> StoreError {
    StoreError::new("the disk is full", None)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_between_the_claim_and_the_run_is_heard_and_the_job_never_starts() {
    let stage = on(ForwardingStore::default().after_claim(|claimed| vec![cancel(claimed.key.id)]));
    let ran = Arc::new(AtomicBool::new(false));
    let runs = ran.clone();
    let id = stage
        .submit(move |ctx| {
            runs.store(true, SeqCst);
            Err(spin(ctx).into())
        })
        .await;
    let task = stage.wait(id).await;
    assert_eq!(task.status, Status::Cancelled);
    assert!(!ran.load(SeqCst));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_just_before_the_end_is_written_wins_over_everything_unsealed() {
    let stage = on(ForwardingStore::default().before_command(|command| match command {
        Command::Change { id, command: TaskCommand::End { .. } | TaskCommand::Seal { .. } } => {
            Ok(vec![cancel(*id)])
        }
        _ => Ok(Vec::new()),
    }));
    let plain = stage.submit(|_| done()).await;
    let with_file = stage
        .submit(|ctx| {
            std::fs::write(ctx.result_file("a.gpkg", "a/b")?, "whole")?;
            done()
        })
        .await;
    let failing = stage.submit(|_| Err(anyhow::anyhow!("no").into())).await;
    assert_eq!(stage.wait(plain).await.status, Status::Cancelled);
    assert_eq!(stage.wait(with_file).await.status, Status::Cancelled);
    assert_eq!(stage.wait(failing).await.status, Status::Failed, "a real error came first");
    assert!(stage.results().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_just_after_the_seal_changes_nothing() {
    let stage = on(ForwardingStore::default().before_command(|command| match command {
        Command::Change { id, command: TaskCommand::End { .. } } => Ok(vec![cancel(*id)]),
        _ => Ok(Vec::new()),
    }));
    let sealed = stage
        .submit(|ctx| {
            ctx.seal(&"published", &longhaul_tasks::Report::new())?;
            done()
        })
        .await;
    let with_file = stage
        .submit(|ctx| {
            std::fs::write(ctx.result_file("a.gpkg", "a/b")?, "whole")?;
            ctx.seal(&"published", &longhaul_tasks::Report::new())?;
            ctx.check()?;
            done()
        })
        .await;
    assert_eq!(stage.wait(sealed).await.status, Status::Finished);
    assert_eq!(stage.wait(with_file).await.status, Status::Finished);
    assert!(stage.tasks.result_file(with_file).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_store_loses_nothing() {
    let stage = on(ForwardingStore::default().slow());
    let mut ids = Vec::new();
    for number in 0..100 {
        let submission =
            Submission { files: vec![stage.upload(&number.to_string())], ..Submission::default() };
        let job = stage.job(&[["a", "b", "c"][number % 3]], move |ctx| match number % 4 {
            0 => Err(anyhow::anyhow!("no").into()),
            1 => Err(spin(ctx).into()),
            2 => {
                std::fs::write(ctx.result_file("a.gpkg", "a/b")?, "whole")?;
                done()
            }
            _ => done(),
        });
        let id = stage.tasks.submit(job, submission).await.unwrap().id;
        ids.push(id);
        if number % 4 == 1 {
            stage.tasks.cancel(id).await.unwrap();
        }
    }
    for (number, id) in ids.into_iter().enumerate() {
        let expected = [Status::Failed, Status::Cancelled, Status::Finished, Status::Finished][number % 4];
        assert_eq!(stage.wait(id).await.status, expected);
        assert!(!stage.folder.path().join(number.to_string()).exists());
        assert_eq!(stage.tasks.result_file(id).await.unwrap().is_some(), number % 4 == 2);
    }
    assert!(names(stage.folder.path()).iter().all(|name| name == "results"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_the_store_did_not_take_is_written_again() {
    let failures = AtomicUsize::new(0);
    let stage = on(ForwardingStore::default().before_command(move |command| match command {
        Command::Change { command: TaskCommand::End { .. }, .. } if failures.fetch_add(1, SeqCst) < 2 => {
            Err(disk_is_full())
        }
        _ => Ok(Vec::new()),
    }));
    let id = stage.submit(|_| done()).await;
    assert_eq!(stage.wait(id).await.status, Status::Finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submit_that_the_store_did_not_take_is_an_error_and_its_files_stay_the_callers() {
    let stage = on(ForwardingStore::default().before_command(|_| Err(disk_is_full())));
    let file = stage.upload("upload");
    let submission = Submission { files: vec![file.clone()], ..Submission::default() };
    let refused = stage.tasks.submit(stage.job(&[], |_| done()), submission).await;
    assert!(matches!(refused, Err(SubmitError::Store(_))));
    assert!(file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_that_the_store_did_not_take_fails_the_job() {
    let stage = on(ForwardingStore::default().before_command(|command| match command {
        Command::Change { command: TaskCommand::Seal { .. }, .. } => Err(disk_is_full()),
        _ => Ok(Vec::new()),
    }));
    let id = stage
        .submit(|ctx| {
            ctx.seal(&(), &longhaul_tasks::Report::new())?;
            done()
        })
        .await;
    let task = stage.wait(id).await;
    assert_eq!(task.status, Status::Failed);
    assert_eq!(task.error.unwrap().causes, ["the disk is full"]);
}
