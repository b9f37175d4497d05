//! The tasks of a runtime after a crash, and after a stop.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    time::Duration,
};

use longhaul_tasks::{
    Filter, Idempotency, Report, SqliteStore, Status, Submission, SubmitError, TaskId, Tasks,
    clock::Clock as _, store::Store as _,
};
use tempfile::TempDir;

use crate::{
    copy_of, database_in, new_store,
    stage::{Stage, done, spin, within_reason},
};

const LONG: Duration = Duration::from_secs(60);

/// The store as the next process would find it if this one were killed now.
fn crashed(stage: &Stage) -> (SqliteStore, TempDir) {
    let copy = copy_of(stage.store.path());
    (new_store(copy.path(), stage.clock.clone()), copy)
}

async fn ended(tasks: &Tasks, id: TaskId) -> longhaul_tasks::Task {
    within_reason(tasks.wait(id)).await.unwrap().unwrap()
}

/// Waits until the claim of the task is on the disk, which the runtime does not wait for.
async fn is_written_as_running(stage: &Stage, id: TaskId) {
    let database = rusqlite::Connection::open(database_in(stage.store.path())).unwrap();
    let status = || {
        database
            .query_row("SELECT status FROM task WHERE id = ?", [id.0 as i64], |row| row.get::<_, String>(0))
    };
    while status().unwrap() != "RUNNING" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_id_was_answered_survives_a_crash() {
    let stage = Stage::new(1);
    let mut held = stage.submit_held(&["lane"]).await;
    held.begun().await;
    let mut answered = vec![held.id];
    for _ in 0..20 {
        answered.push(stage.submit_in(&["lane"], |_| done()).await);
        let copy = copy_of(stage.store.path());
        let store = new_store(copy.path(), stage.clock.clone());
        let tasks = Tasks::builder(longhaul_tasks::Registry::new(())).store(store).start();
        let there: Vec<_> =
            tasks.list(&Filter::default()).await.unwrap().iter().map(|task| task.id).collect();
        assert_eq!(there, answered);
    }
    held.release();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ran_runs_again_and_what_waited_waits_on_in_order() {
    let stage = Stage::new(1);
    let mut held = stage.submit_held(&["lane"]).await;
    held.begun().await;
    is_written_as_running(&stage, held.id).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut ids = vec![held.id];
    let mut numbers = vec![held.number];
    for _ in 0..5 {
        numbers.push(stage.next_number());
        ids.push(stage.submit_in(&["lane"], |_| done()).await);
    }
    let (store, _copy) = crashed(&stage);
    for number in numbers {
        let order = order.clone();
        stage.script_again(number, move |ctx| {
            order.lock().unwrap().push(ctx.id());
            done()
        });
    }
    let next = stage.successor(store);
    for id in &ids {
        assert_eq!(ended(&next, *id).await.status, Status::Finished);
    }
    assert_eq!(*order.lock().unwrap(), ids);
    assert_eq!(next.get(held.id).await.unwrap().unwrap().attempt, 2);
    assert_eq!(next.counters().await.unwrap().recoveries.resumed, 1);
    held.release();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_survives_the_crash_and_the_task_does_not_run_again() {
    let stage = Stage::new(1);
    let mut held = stage.submit_held(&[]).await;
    held.begun().await;
    let waiting = stage.submit(|_| panic!("it never runs")).await;
    stage.tasks.cancel(held.id).await.unwrap();
    stage.tasks.cancel(waiting).await.unwrap();
    let (store, _copy) = crashed(&stage);
    stage.script_again(held.number, |_| panic!("it must not run again"));
    let next = stage.successor(store);
    assert_eq!(ended(&next, held.id).await.status, Status::Cancelled);
    assert_eq!(ended(&next, waiting).await.status, Status::Cancelled);
    held.release();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_kills_its_process_fails_after_three_starts() {
    let stage = Stage::new(1);
    let mut held = stage.submit_held(&[]).await;
    held.begun().await;
    is_written_as_running(&stage, held.id).await;
    let (mut store, mut copy) = crashed(&stage);
    for start in 2..=3 {
        let (has_begun, begun) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        stage.script_again(held.number, move |_| {
            has_begun.send(()).unwrap();
            let _ = released.recv();
            done()
        });
        let next = stage.successor(store);
        begun.recv().unwrap();
        // The next start of an interrupted task is on the disk before it runs, so there is nothing to wait for.
        let crash = copy_of(copy.path());
        let task = next.get(held.id).await.unwrap().unwrap();
        assert_eq!((task.status, task.attempt), (Status::Running, start));
        (store, copy) = (new_store(crash.path(), stage.clock.clone()), crash);
        drop(release);
    }
    stage.script_again(held.number, |_| panic!("it must not run again"));
    let task = ended(&stage.successor(store), held.id).await;
    assert_eq!((task.status, task.attempt), (Status::Failed, 3));
    assert!(task.error.unwrap().message.starts_with("interrupted 3 times"));
    held.release();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_stop_releases_what_runs_and_counts_no_interruption() {
    let stage = Stage::new(1);
    let number = stage.next_number();
    let (has_begun, begun) = mpsc::channel();
    let tells = has_begun.clone();
    let id = stage
        .submit(move |ctx| {
            tells.send(()).unwrap();
            Err(spin(ctx).into())
        })
        .await;
    begun.recv().unwrap();
    assert!(stage.tasks.stop(LONG).await);
    let mut folder = copy_of(stage.store.path());
    for _ in 0..5 {
        let tells = has_begun.clone();
        stage.script_again(number, move |ctx| {
            tells.send(()).unwrap();
            Err(spin(ctx).into())
        });
        let next = stage.successor(new_store(folder.path(), stage.clock.clone()));
        begun.recv().unwrap();
        assert!(next.stop(LONG).await);
        folder = copy_of(folder.path());
    }
    stage.script_again(number, |_| done());
    let task = ended(&stage.successor(new_store(folder.path(), stage.clock.clone())), id).await;
    assert_eq!((task.status, task.attempt), (Status::Finished, 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_kept_from_its_own_end_on_across_a_restart() {
    const KEEP: Duration = Duration::from_secs(600);
    let stage = Stage::with(|builder| builder.keep(KEEP));
    let early = stage.submit(|_| done()).await;
    stage.wait(early).await;
    stage.clock.advance(KEEP / 2);
    let late = stage.submit(|_| done()).await;
    stage.wait(late).await;
    stage.clock.advance(KEEP / 4);
    for (more, expected) in [(0, 2), (1, 1), (3, 0)] {
        let copy = copy_of(stage.store.path());
        // The time of day has gone on, and the time that has elapsed begins at zero with the new process.
        let clock = Arc::new(RestartedClock { now: stage.clock.now() + more * KEEP / 4 });
        let store = SqliteStore::options().clock(clock).open(database_in(copy.path())).unwrap();
        let next = Tasks::builder(longhaul_tasks::Registry::new(())).store(store).keep(KEEP).start();
        next.sweep().await.unwrap();
        assert_eq!(next.list(&Filter::default()).await.unwrap().len(), expected, "{more} quarters later");
    }
}

/// A clock of a process that has just started.
struct RestartedClock {
    now: jiff::Timestamp,
}

impl longhaul_tasks::clock::Clock for RestartedClock {
    fn now(&self) -> jiff::Timestamp {
        self.now
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _: Duration) -> Option<Duration> {
        None
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_not_used_again_after_a_prune_and_a_restart() {
    let stage = Stage::new(1);
    let mut last = TaskId(0);
    for _ in 0..3 {
        last = stage.submit(|_| done()).await;
        stage.wait(last).await;
    }
    for task in stage.tasks.list(&Filter::default()).await.unwrap() {
        stage.tasks.prune(task.id).await.unwrap().unwrap();
    }
    let (store, _copy) = crashed(&stage);
    let next = stage.successor(store);
    let new = next.submit(stage.job(&[], |_| done()), Submission::default()).await.unwrap();
    assert!(new.id > last);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_gets_its_first_answer_again_after_a_prune_and_a_restart() {
    let stage = Stage::new(1);
    let runs = Arc::new(AtomicUsize::new(0));
    let submission = |fingerprint: &str| Submission {
        owner: Some("ann".into()),
        subject: Some("roads".into()),
        idempotency: Some(Idempotency { key: "key".into(), fingerprint: fingerprint.into() }),
        ..Submission::default()
    };
    let job = || {
        let runs = runs.clone();
        stage.job(&[], move |_| {
            runs.fetch_add(1, SeqCst);
            done()
        })
    };
    let first = stage.tasks.submit(job(), submission("this")).await.unwrap();
    stage.wait(first.id).await;
    stage.tasks.prune(first.id).await.unwrap();
    let (store, _copy) = crashed(&stage);
    let next = stage.successor(store);
    let upload = stage.upload("again");
    let again = Submission { files: vec![upload.clone()], ..submission("this") };
    let again = next.submit(job(), again).await.unwrap();
    // The second job has another number and another description; the first answer is repeated all the same.
    assert_eq!(format!("{again:?}"), format!("{first:?}"));
    assert!(matches!(next.submit(job(), submission("that")).await, Err(SubmitError::KeyReused)));
    assert!(next.stop(LONG).await);
    assert_eq!(runs.load(SeqCst), 1);
    while upload.exists() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_requests_with_one_key_one_is_a_task() {
    let stage = Arc::new(Stage::new(2));
    let clients = (0..32).map(|_| {
        let stage = stage.clone();
        tokio::spawn(async move {
            let idempotency = Some(Idempotency { key: "key".into(), fingerprint: "this".into() });
            let submission = Submission { idempotency, ..Submission::default() };
            stage.tasks.submit(stage.job(&[], |_| done()), submission).await.unwrap().id
        })
    });
    for client in clients.collect::<Vec<_>>() {
        assert_eq!(client.await.unwrap(), TaskId(1));
    }
    assert_eq!(stage.tasks.list(&Filter::default()).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn result_files_that_no_task_owns_are_removed_at_the_start_and_no_others() {
    let stage = Stage::new(1);
    let offers = stage
        .submit(|ctx| {
            std::fs::write(ctx.result_file("a.gpkg", "a/b")?, "whole")?;
            done()
        })
        .await;
    stage.wait(offers).await;
    let offers_nothing = stage.submit(|_| done()).await;
    stage.wait(offers_nothing).await;
    let results = stage.folder.path().join("results");
    for left in [offers_nothing.to_string(), "77".into(), format!("{offers}-1.part"), "78-2.part".into()] {
        std::fs::create_dir_all(results.join(left)).unwrap();
    }
    std::fs::write(results.join("README"), "not ours").unwrap();
    let (store, _copy) = crashed(&stage);
    let next = stage.successor(store);
    let number = next.submit(stage.job(&[], |_| done()), Submission::default()).await.unwrap().id;
    ended(&next, number).await;
    assert_eq!(stage.results(), [offers.to_string(), "README".into()]);
    assert!(next.result_file(offers).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_shows_the_same_tasks() {
    let stage = Stage::new(2);
    for number in 0..40 {
        let submission = Submission {
            subject: Some("roads".into()),
            owner: (number % 2 == 0).then(|| "ann".into()),
            transaction: (number % 3 == 0).then(|| "t-1".into()),
            ..Submission::default()
        };
        let job = stage.job(&[], move |_| match number % 4 {
            0 => Err(anyhow::anyhow!("root").context("x".repeat(number * 200)).into()),
            1 => Ok(Report::new().long_text("text", "é".repeat(number * 200))),
            _ => done(),
        });
        let id = stage.tasks.submit(job, submission).await.unwrap().id;
        stage.wait(id).await;
        stage.clock.advance(Duration::from_nanos(1_234_567));
    }
    let before = stage.tasks.list(&Filter::default()).await.unwrap();
    let (store, _copy) = crashed(&stage);
    let next = stage.successor(store);
    let after = next.list(&Filter::default()).await.unwrap();
    assert_eq!(format!("{after:?}"), format!("{before:?}"));
    for filter in [
        Filter { owner: Some("ann".into()), ..Filter::default() },
        Filter { status: vec![Status::Failed], subject: Some("roads".into()), ..Filter::default() },
    ] {
        assert_eq!(next.totals(&filter).await.unwrap(), stage.tasks.totals(&filter).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_end_at_the_same_time_are_found_again_as_they_were() {
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
    let (store, _copy) = crashed(&stage);
    let found = store.page(&Filter::default()).await.unwrap().records;
    let found: Vec<_> = found.iter().map(|record| format!("{:?}", record.task)).collect();
    assert_eq!(found, ended.iter().map(|task| format!("{task:?}")).collect::<Vec<_>>());
}
