//! Imports that are cancelled at every stage.

use longhaul_commands::ImportGeopackage;
use longhaul_tasks::{
    Progress, Status, Submission, Task,
    store::{Command, TaskCommand},
};

use crate::support::{
    git::assert_clean,
    gpkg::{ROADS, gpkg, many},
    harness::Harness,
    seal_hook::commands_at_seal,
};

/// So many rows that the import does not end before the test cancels it.
const ROWS: u32 = 200_000;

/// The distance of ids at which each row has a Git tree of its own.
const APART: u32 = 64;

fn large(harness: &Harness, step: u32) -> ImportGeopackage {
    let sql =
        format!("CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT); {}", many("roads", ROWS, step));
    harness.job(&gpkg(harness.scratch(), "large.gpkg", &sql))
}

/// Runs a job and cancels it once `now` is true for its progress.
fn cancel_when(harness: &Harness, job: ImportGeopackage, now: impl Fn(&Progress) -> bool) -> Task {
    let task = harness.runtime.block_on(async {
        let id = harness.tasks.submit(job, Submission::default()).await.unwrap().id;
        loop {
            let task = harness.tasks.get(id).await.unwrap().unwrap();
            if task.status.has_ended() {
                break;
            }
            if task.progress.as_ref().is_some_and(&now) {
                harness.tasks.cancel(id).await.unwrap();
                break;
            }
            tokio::task::yield_now().await;
        }
        harness.tasks.wait(id).await.unwrap().unwrap()
    });
    assert_clean(harness.git_dir());
    task
}

#[track_caller]
fn assert_cancelled_without_a_trace(harness: &Harness, before: &[String], task: &Task) {
    assert_eq!(task.status, Status::Cancelled);
    assert!(task.result.is_none() && task.error.is_none());
    assert_eq!(harness.repository_files(), before);
}

#[test]
fn an_import_cancelled_among_its_rows_leaves_nothing() {
    let harness = Harness::new();
    let job = large(&harness, 1);
    let before = harness.repository_files();
    let task = cancel_when(&harness, job, |progress| progress.done > 0);
    assert_cancelled_without_a_trace(&harness, &before, &task);
}

#[test]
fn an_import_cancelled_while_its_trees_are_built_leaves_nothing() {
    let harness = Harness::new();
    let job = large(&harness, APART);
    let before = harness.repository_files();
    let task = cancel_when(&harness, job, |progress| &*progress.step == "Committing...");
    assert_cancelled_without_a_trace(&harness, &before, &task);
}

#[test]
fn an_import_cancelled_while_the_layer_s_last_version_is_read_leaves_nothing() {
    let harness = Harness::new();
    harness.import(large(&harness, APART));
    let job = ImportGeopackage { add: true, ..harness.job(&gpkg(harness.scratch(), "f.gpkg", ROADS)) };
    let before = harness.repository_files();
    let task = cancel_when(&harness, job, |progress| progress.step.starts_with("Importing roads"));
    assert_cancelled_without_a_trace(&harness, &before, &task);
}

#[test]
fn an_import_cancelled_while_it_commits_is_whole_or_not_at_all() {
    let harness = Harness::new();
    let job = large(&harness, 1);
    let before = harness.repository_files();
    let task = cancel_when(&harness, job, |progress| &*progress.step == "Committing...");
    if task.status == Status::Finished {
        assert!(harness.repository.branch_tip("master").unwrap().is_some());
        assert!(harness.repository_files().iter().all(|file| !file.contains("tmp_")));
    } else {
        assert_cancelled_without_a_trace(&harness, &before, &task);
    }
}

#[test]
fn an_import_cancelled_just_before_it_is_sealed_leaves_nothing() {
    let harness = Harness::with_store(commands_at_seal(|id| {
        vec![Command::Change { id, command: TaskCommand::Cancel }]
    }));
    let job = harness.job(&gpkg(harness.scratch(), "f.gpkg", ROADS));
    let before = harness.repository_files();
    let task = harness.run(job);
    assert_cancelled_without_a_trace(&harness, &before, &task);
}

#[test]
fn an_import_cancelled_before_it_starts_never_starts() {
    let harness = Harness::new();
    let before = harness.repository_files();
    let (first, second) = (large(&harness, 1), harness.job(&gpkg(harness.scratch(), "f.gpkg", ROADS)));
    let (first, second) = harness.runtime.block_on(async {
        let submit = |job| harness.tasks.submit(job, Submission::default());
        let first = submit(first).await.unwrap().id;
        // It waits, because it has the same lane.
        let second = submit(second).await.unwrap().id;
        let second = harness.tasks.cancel(second).await.unwrap().unwrap();
        harness.tasks.cancel(first).await.unwrap();
        (harness.tasks.wait(first).await.unwrap().unwrap(), second)
    });
    assert_eq!((second.status, second.started), (Status::Cancelled, None));
    assert_cancelled_without_a_trace(&harness, &before, &first);
}

#[test]
fn an_import_after_a_cancelled_one_works() {
    let harness = Harness::new();
    cancel_when(&harness, large(&harness, 1), |progress| progress.done > 0);
    harness.import(harness.job(&gpkg(harness.scratch(), "f.gpkg", ROADS)));
    assert_clean(harness.git_dir());
}
