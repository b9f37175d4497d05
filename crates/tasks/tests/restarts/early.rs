//! Jobs that start while their tasks are on their way to the disk.

use std::{
    future::Future,
    io,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc,
    },
    task,
};

use longhaul_tasks::{
    Cancelled, Context, Filter, Report, SqliteStore, Status, Submission, SubmitError, TaskId,
};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::{
    copy_of, database_in, new_store,
    stage::{Outcome, Stage, done, within_reason},
};

/// A disk that takes one thing after another, when it is told to.
struct SlowDisk {
    stage: Stage,
    /// What to say to the next commit.
    verdicts: mpsc::Sender<io::Result<()>>,
    folder: TempDir,
}

impl SlowDisk {
    fn new(workers: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let (verdicts, verdict) = mpsc::channel();
        let verdict = Mutex::new(verdict);
        let store = SqliteStore::options()
            // Once nobody says anything any more it is as quick as others.
            .before_commit(move || verdict.lock().unwrap().recv().unwrap_or(Ok(())))
            .open(database_in(folder.path()))
            .unwrap();
        let stage = Stage::with(|builder| builder.workers(workers).store(store));
        Self { stage, verdicts, folder }
    }

    /// Submits a job that has an upload; its id once it has begun, and what the submit is answered later.
    async fn submit(
        &self,
        go_on: impl FnOnce(&Context) -> Outcome + Send + 'static,
    ) -> (TaskId, std::path::PathBuf, tokio::task::JoinHandle<Result<longhaul_tasks::Task, SubmitError>>)
    {
        let (has_begun, begun) = oneshot::channel();
        let job = self.stage.job(&["lane"], move |ctx| {
            let _ = has_begun.send(ctx.id());
            go_on(ctx)
        });
        let upload = self.stage.upload("upload");
        let submission = Submission { files: vec![upload.clone()], ..Submission::default() };
        let tasks = self.stage.tasks.clone();
        let answer = tokio::spawn(async move { tasks.submit(job, submission).await });
        (within_reason(begun).await.unwrap(), upload, answer)
    }
}

/// Waits to be told to stop.
fn obey(ctx: &Context) -> Result<(), Cancelled> {
    ctx.block_on(std::future::pending())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_runs_before_it_is_on_the_disk_is_seen_only_afterwards() {
    let disk = SlowDisk::new(1);
    let (release, released) = mpsc::channel::<()>();
    let (id, _, answer) = disk
        .submit(move |_| {
            let _ = released.recv();
            done()
        })
        .await;
    assert!(disk.stage.tasks.get(id).await.unwrap().is_none());
    assert!(disk.stage.tasks.list(&Filter::default()).await.unwrap().is_empty());
    let crashed = copy_of(disk.folder.path());
    let left = new_store(crashed.path(), disk.stage.clock.clone());
    assert!(longhaul_tasks::store::View::list(&left, &Filter::default()).await.unwrap().is_empty());

    drop(disk.verdicts);
    let task = within_reason(answer).await.unwrap().unwrap();
    assert_eq!((task.id, task.status), (id, Status::Waiting), "as it was accepted");
    assert_eq!(disk.stage.get(id).await.status, Status::Running);
    drop(release);
    assert_eq!(disk.stage.wait(id).await.status, Status::Finished);
    let counters = disk.stage.tasks.counters();
    assert_eq!((counters.waiting_time.count(), counters.run_time.count()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_task_does_not_get_to_the_disk_is_stopped_and_publishes_nothing() {
    let disk = SlowDisk::new(1);
    let (told, tells) = mpsc::channel();
    let (id, upload, answer) = disk
        .submit(move |ctx| {
            let was_stopped = obey(ctx).is_err();
            let sealed = ctx.seal(&"published", &Report::new());
            told.send((was_stopped, sealed.is_err())).unwrap();
            done()
        })
        .await;
    disk.verdicts.send(Err(io::Error::other("no space left on device"))).unwrap();
    let refused = within_reason(answer).await.unwrap();
    assert!(matches!(refused, Err(SubmitError::Store(_))), "{refused:?}");
    assert_eq!(tells.recv().unwrap(), (true, true), "it was stopped, and could not seal");
    drop(disk.verdicts);
    let next = within_reason(async {
        loop {
            // The disk is tried again by itself.
            if let Ok(task) =
                disk.stage.tasks.submit(disk.stage.job(&["lane"], |_| done()), Submission::default()).await
            {
                break task.id;
            }
        }
    })
    .await;
    assert!(next > id, "an id is not given out twice");
    assert_eq!(disk.stage.wait(next).await.status, Status::Finished, "its lane and its worker are free");
    assert!(disk.stage.tasks.get(id).await.unwrap().is_none());
    assert!(disk.stage.tasks.wait(id).await.unwrap().is_none(), "nothing is left of it");
    assert!(upload.exists(), "it is still the caller's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_stays_shut_while_a_job_is_in_it_whose_task_was_not_accepted() {
    let disk = SlowDisk::new(2);
    let (release, released) = mpsc::channel::<()>();
    let is_over = Arc::new(AtomicBool::new(false));
    let ends = is_over.clone();
    let (_, _, answer) = disk
        .submit(move |_| {
            let _ = released.recv();
            ends.store(true, SeqCst);
            done()
        })
        .await;
    disk.verdicts.send(Err(io::Error::other("no space left on device"))).unwrap();
    assert!(within_reason(answer).await.unwrap().is_err());
    drop(disk.verdicts);
    let stage = &disk.stage;
    let is_well = || stage.tasks.health().is_ok();
    within_reason(async {
        while !is_well() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let was_over = is_over.clone();
    let next = stage
        .submit_in(&["lane"], move |_| Ok(Report::new().text("was over", was_over.load(SeqCst).to_string())))
        .await;
    // Another lane is free, and whatever comes after it could have been started.
    let other = stage.submit_in(&["other"], |_| done()).await;
    assert_eq!(stage.wait(other).await.status, Status::Finished);
    assert_eq!(stage.get(next).await.status, Status::Waiting);
    drop(release);
    let task = stage.wait(next).await;
    assert_eq!(task.status, Status::Finished);
    assert_eq!(*task.result.unwrap(), Report::new().text("was over", "true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_seals_before_its_task_is_on_the_disk_publishes_only_if_it_gets_there() {
    for gets_there in [true, false] {
        let disk = SlowDisk::new(1);
        let published = Arc::new(Mutex::new(false));
        let publishes = published.clone();
        let (ends, ended) = oneshot::channel();
        let (_, _, answer) = disk
            .submit(move |ctx| {
                let sealed = ctx.seal(&"published", &Report::new());
                *publishes.lock().unwrap() = sealed.is_ok();
                let _ = ends.send(());
                sealed?;
                done()
            })
            .await;
        if !gets_there {
            disk.verdicts.send(Err(io::Error::other("no space left on device"))).unwrap();
        }
        drop(disk.verdicts);
        let accepted = within_reason(answer).await.unwrap();
        assert_eq!(accepted.is_ok(), gets_there);
        within_reason(ended).await.unwrap();
        assert_eq!(*published.lock().unwrap(), gets_there);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_stops_a_task_that_started_early_and_is_not_lost() {
    let disk = SlowDisk::new(1);
    let (id, _, answer) = disk.submit(|ctx| Ok(obey(ctx).map(|()| Report::new())?)).await;
    // Its answer waits for the disk, too.
    let tasks = disk.stage.tasks.clone();
    let cancelled = tokio::spawn(async move { tasks.cancel(id).await });
    drop(disk.verdicts);
    assert!(within_reason(answer).await.unwrap().is_ok());
    within_reason(cancelled).await.unwrap().unwrap();
    assert_eq!(disk.stage.wait(id).await.status, Status::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_come_at_once_run_at_once_before_any_of_them_is_on_the_disk() {
    const MANY: usize = 6;
    let disk = SlowDisk::new(MANY);
    // As long as the disk is busy with this one the others come together.
    let (_, _, first) = disk.submit(|_| done()).await;
    let (has_met, mut met) = tokio::sync::mpsc::unbounded_channel();
    let all = Arc::new(Barrier::new(MANY));
    let mut submits: Vec<_> = (0..MANY)
        .map(|_| {
            let (all, has_met) = (all.clone(), has_met.clone());
            let job = disk.stage.job(&[], move |_| {
                all.wait();
                let _ = has_met.send(());
                done()
            });
            Box::pin(disk.stage.tasks.submit(job, Submission::default()))
        })
        .collect();
    for submit in &mut submits {
        let mut nobody = task::Context::from_waker(task::Waker::noop());
        assert!(submit.as_mut().poll(&mut nobody).is_pending());
    }
    disk.verdicts.send(Ok(())).unwrap();
    for _ in 0..MANY {
        within_reason(met.recv()).await.unwrap();
    }
    drop(disk.verdicts);
    assert!(within_reason(first).await.unwrap().is_ok());
    for submit in submits {
        let id = within_reason(submit).await.unwrap().id;
        assert_eq!(disk.stage.wait(id).await.status, Status::Finished);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_with_many_others_before_it_is_written_is_found_again_as_it_was() {
    let stage = Stage::new(2);
    let submits = (0..200).map(|number| {
        let job = stage.job(&[], move |_| match number % 3 {
            0 => Err(anyhow::anyhow!("failed {number}").into()),
            _ => Ok(Report::new().text("number", number.to_string())),
        });
        let tasks = stage.tasks.clone();
        tokio::spawn(async move {
            let id = tasks.submit(job, Submission::default()).await.unwrap().id;
            tasks.wait(id).await.unwrap().unwrap()
        })
    });
    let mut ended = Vec::new();
    for submit in submits.collect::<Vec<_>>() {
        ended.push(within_reason(submit).await.unwrap());
    }
    ended.sort_by_key(|task| task.id);
    let crashed = copy_of(stage.store.path());
    let left = new_store(crashed.path(), stage.clock.clone());
    let found = longhaul_tasks::store::View::list(&left, &Filter::default()).await.unwrap();
    let found: Vec<_> = found.iter().map(|record| format!("{:?}", record.task)).collect();
    assert_eq!(found, ended.iter().map(|task| format!("{task:?}")).collect::<Vec<_>>());
}
