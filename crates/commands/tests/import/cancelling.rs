//! Cancelling an import, at every point of it.

use std::task::{Context, Waker};

use longhaul_commands::ImportGeopackage;
use longhaul_tasks::{
    Progress, Status, Submission, Task,
    store::{Journal, Transition},
};

use crate::support::{
    at_seal::AtSeal,
    git::assert_clean,
    gpkg::{ROADS, gpkg, many},
    studio::Studio,
};

/// Enough rows that an import does not end before it is noticed.
const ROWS: u32 = 200_000;

/// Rows that lie so far apart that each has a tree of its own.
const APART: u32 = 64;

fn large(studio: &Studio, step: u32) -> ImportGeopackage {
    let sql =
        format!("CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT); {}", many("roads", ROWS, step));
    studio.job(&gpkg(studio.scratch(), "large.gpkg", &sql))
}

/// Runs a job and cancels it as soon as `now` says so of its progress.
fn cancel_when(studio: &Studio, job: ImportGeopackage, now: impl Fn(&Progress) -> bool) -> Task {
    let task = studio.runtime.block_on(async {
        let id = studio.tasks.submit(job, Submission::default()).await.unwrap().id;
        loop {
            let task = studio.tasks.get(id).await.unwrap().unwrap();
            if task.status.has_ended() {
                break;
            }
            if task.progress.as_ref().is_some_and(&now) {
                studio.tasks.cancel(id).await.unwrap();
                break;
            }
            tokio::task::yield_now().await;
        }
        studio.tasks.wait(id).await.unwrap().unwrap()
    });
    assert_clean(studio.git_dir());
    task
}

#[track_caller]
fn assert_cancelled_without_a_trace(studio: &Studio, before: &[String], task: &Task) {
    assert_eq!(task.status, Status::Cancelled);
    assert!(task.result.is_none() && task.error.is_none());
    assert_eq!(studio.traces(), before);
}

#[test]
fn an_import_cancelled_among_its_rows_leaves_nothing() {
    let studio = Studio::new();
    let job = large(&studio, 1);
    let before = studio.traces();
    let task = cancel_when(&studio, job, |progress| progress.done > 0);
    assert_cancelled_without_a_trace(&studio, &before, &task);
}

#[test]
fn an_import_cancelled_while_its_trees_are_built_leaves_nothing() {
    let studio = Studio::new();
    let job = large(&studio, APART);
    let before = studio.traces();
    let task = cancel_when(&studio, job, |progress| &*progress.step == "Committing...");
    assert_cancelled_without_a_trace(&studio, &before, &task);
}

#[test]
fn an_import_cancelled_while_the_layer_s_last_version_is_read_leaves_nothing() {
    let studio = Studio::new();
    studio.import(large(&studio, APART));
    let job = ImportGeopackage { add: true, ..studio.job(&gpkg(studio.scratch(), "f.gpkg", ROADS)) };
    let before = studio.traces();
    let task = cancel_when(&studio, job, |progress| progress.step.starts_with("Importing roads"));
    assert_cancelled_without_a_trace(&studio, &before, &task);
}

#[test]
fn an_import_cancelled_while_it_commits_is_whole_or_not_at_all() {
    let studio = Studio::new();
    let job = large(&studio, 1);
    let before = studio.traces();
    let task = cancel_when(&studio, job, |progress| &*progress.step == "Committing...");
    if task.status == Status::Finished {
        assert!(studio.repository.branch_tip("master").unwrap().is_some());
        assert!(studio.traces().iter().all(|file| !file.contains("tmp_")));
    } else {
        assert_cancelled_without_a_trace(&studio, &before, &task);
    }
}

#[test]
fn an_import_cancelled_at_the_last_moment_leaves_nothing() {
    let studio = Studio::with_store(AtSeal::new(|store, id| {
        let mut asked = store.write(vec![Transition::CancelRequested { id }]);
        let answer = asked.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(answer.is_ready(), "a store in memory answers at once");
    }));
    let job = studio.job(&gpkg(studio.scratch(), "f.gpkg", ROADS));
    let before = studio.traces();
    let task = studio.run(job);
    assert_cancelled_without_a_trace(&studio, &before, &task);
}

#[test]
fn an_import_cancelled_before_it_starts_never_starts() {
    let studio = Studio::new();
    let before = studio.traces();
    let (first, second) = (large(&studio, 1), studio.job(&gpkg(studio.scratch(), "f.gpkg", ROADS)));
    let (first, second) = studio.runtime.block_on(async {
        let submit = |job| studio.tasks.submit(job, Submission::default());
        let first = submit(first).await.unwrap().id;
        // In the same lane, so it has to wait.
        let second = submit(second).await.unwrap().id;
        let second = studio.tasks.cancel(second).await.unwrap().unwrap();
        studio.tasks.cancel(first).await.unwrap();
        (studio.tasks.wait(first).await.unwrap().unwrap(), second)
    });
    assert_eq!((second.status, second.started), (Status::Cancelled, None));
    assert_cancelled_without_a_trace(&studio, &before, &first);
}

#[test]
fn an_import_after_a_cancelled_one_works() {
    let studio = Studio::new();
    cancel_when(&studio, large(&studio, 1), |progress| progress.done > 0);
    studio.import(studio.job(&gpkg(studio.scratch(), "f.gpkg", ROADS)));
    assert_clean(studio.git_dir());
}
