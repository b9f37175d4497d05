//! The database file: which program wrote it, in which version, and whether it can be read.

use std::{error::Error as _, fs, path::Path, sync::Arc};

use longhaul_tasks::{
    Filter, SqliteStore, TaskId,
    store::{Command, Limits, NewTask, OpenError, Outcome, Record, Store as _, TaskCommand},
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{copy_of, database_in};

pub fn new_task(description: &str) -> NewTask {
    NewTask {
        kind: "check".into(),
        job: "{}".into(),
        description: description.into(),
        lanes: Vec::new(),
        subject: None,
        priority: longhaul_tasks::Priority::Normal,
        owner: None,
        transaction: None,
        files: Vec::new(),
        idempotency: None,
    }
}

fn submit_command(description: &str) -> Command {
    Command::Submit { task: new_task(description), limits: Limits::default() }
}

async fn submit(store: &SqliteStore, description: &str) -> TaskId {
    let outcomes = store.apply(vec![submit_command(description)]).await.unwrap();
    outcomes[0].record.as_ref().unwrap().task.id
}

async fn get(store: &SqliteStore, id: u64) -> Option<Arc<Record>> {
    store.get(&[TaskId(id)]).await.unwrap().remove(0)
}

async fn all(store: &SqliteStore) -> Vec<Arc<Record>> {
    store.page(&Filter::default()).await.unwrap().records
}

fn open(folder: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(database_in(folder))
}

fn change(folder: &Path, sql: &str) {
    Connection::open(database_in(folder)).unwrap().execute_batch(sql).unwrap();
}

#[tokio::test]
async fn an_id_whose_task_never_came_to_the_disk_is_not_used_again() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    let first = submit(&store, "one").await;
    let second = TaskId(first.0 + 1);
    let submit_cancel_prune = vec![
        submit_command("two"),
        Command::Change { id: second, command: TaskCommand::Cancel },
        Command::Prune { id: second },
    ];
    let outcomes = store.apply(submit_cancel_prune).await.unwrap();
    let is_carried_out = |outcome: &Outcome| outcome.result.is_ok();
    assert!(outcomes.iter().all(is_carried_out), "{outcomes:?}");
    drop(store);
    assert_eq!(submit(&open(folder.path()).unwrap(), "three").await, TaskId(second.0 + 1));
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    submit(&open(folder.path()).unwrap(), "one").await;
    change(folder.path(), "PRAGMA user_version = 99");
    let refused = open(folder.path()).err().unwrap();
    assert!(matches!(refused, OpenError::Newer { found: 99, known: 2 }), "{refused:?}");
    assert!(refused.to_string().contains("has version 99"), "{refused}");
    change(folder.path(), "PRAGMA user_version = 2");
    assert!(get(&open(folder.path()).unwrap(), 1).await.is_some());
}

#[test]
fn a_file_of_another_program_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    change(folder.path(), "CREATE TABLE accounts (name TEXT)");
    assert!(matches!(open(folder.path()), Err(OpenError::Foreign)));
    fs::write(database_in(folder.path()), "this is no database at all, but a text").unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::Open(_))));
    assert!(fs::read_to_string(database_in(folder.path())).unwrap().starts_with("this is"));
}

#[tokio::test]
async fn migrations_run_once() {
    let folder = TempDir::new().unwrap();
    for round in 1..4 {
        let store = open(folder.path()).unwrap();
        assert_eq!(submit(&store, "one more").await, TaskId(round));
    }
}

#[test]
fn a_folder_that_is_not_there_or_cannot_be_written_is_an_error() {
    let folder = TempDir::new().unwrap();
    assert!(matches!(open(&folder.path().join("nowhere")), Err(OpenError::Open(_))));
    fs::create_dir(database_in(folder.path())).unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::Open(_))));
}

#[tokio::test]
async fn a_damaged_database_is_an_error_that_says_so() {
    let folder = TempDir::new().unwrap();
    {
        let store = open(folder.path()).unwrap();
        for number in 0..200 {
            submit(
                &store,
                &format!("a task with a number of its own, {number}, and many words: {}", "x".repeat(200)),
            )
            .await;
        }
    }
    let path = database_in(folder.path());
    let whole = fs::read(&path).unwrap();
    assert!(whole.len() > 10 * 4096, "everything is in the database once it is closed");
    let mut refused = 0;
    for page in 1..whole.len() / 4096 {
        let mut damaged = whole.clone();
        damaged[page * 4096..(page + 1) * 4096].fill(0x5a);
        fs::write(&path, damaged).unwrap();
        match open(folder.path()) {
            Ok(store) => assert!(store.get(&[TaskId(1)]).await.is_ok()),
            Err(error) => {
                refused += 1;
                let cause = error.source().unwrap().to_string();
                assert!(cause.contains("malformed") || cause.contains("not a database"), "{error}: {cause}");
            }
        }
    }
    assert!(refused >= 5, "pages of tasks are looked at: {refused}");
    fs::write(&path, whole).unwrap();
    assert!(get(&open(folder.path()).unwrap(), 200).await.is_some());
}

#[tokio::test]
async fn a_torn_log_loses_nothing_but_what_was_torn() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    let wal = folder.path().join("tasks.sqlite-wal");
    let mut lengths = vec![fs::metadata(&wal).unwrap().len()];
    for number in 0..30 {
        submit(&store, &format!("{number}")).await;
        lengths.push(fs::metadata(&wal).unwrap().len());
    }
    let last = *lengths.last().unwrap();
    for cut in (lengths[0]..last).step_by(4001).chain([last]) {
        let copy = copy_of(folder.path());
        let torn = fs::File::options().write(true).open(copy.path().join("tasks.sqlite-wal")).unwrap();
        torn.set_len(cut).unwrap();
        // Each submit waited for a commit of its own, so every task is there whose commit was whole, and no other.
        let whole = lengths[1..].iter().filter(|length| **length <= cut).count();
        let found = open(copy.path()).unwrap();
        let there = all(&found).await;
        assert_eq!(there.len(), whole, "cut at {cut} of {last}");
        assert!(there.iter().zip(1..).all(|(record, id)| record.task.id == TaskId(id)));
        assert!(submit(&found, "it goes on").await > TaskId(whole as u64));
    }
}

#[tokio::test]
async fn a_log_whose_last_page_is_garbage_loses_only_what_was_being_written() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    for number in 0..10 {
        submit(&store, &format!("{number}")).await;
    }
    let copy = copy_of(folder.path());
    let wal = copy.path().join("tasks.sqlite-wal");
    let mut log = fs::read(&wal).unwrap();
    // A frame of the log that was not written to its end.
    log.extend([0x5a; 3000]);
    fs::write(&wal, log).unwrap();
    assert_eq!(all(&open(copy.path()).unwrap()).await.len(), 10);
}
