//! The store on a disk, against the contract: as it is, closed and opened again, and with a disk that fails.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use longhaul_tasks::{SqliteStore, clock::ManualClock};
use longhaul_tasks_contract::{check, check_random_walks, check_restarts};
use tempfile::TempDir;

/// Paths for databases, one after another.
struct Databases(TempDir, AtomicU64);

impl Databases {
    fn new() -> Self {
        Self(TempDir::new().unwrap(), AtomicU64::new(0))
    }

    fn last(&self) -> PathBuf {
        self.0.path().join(format!("{}.sqlite", self.1.load(SeqCst)))
    }

    fn next(&self) -> PathBuf {
        self.1.fetch_add(1, SeqCst);
        self.last()
    }
}

fn open(path: PathBuf, clock: Arc<ManualClock>) -> SqliteStore {
    SqliteStore::options().clock(clock).open(path).unwrap()
}

#[tokio::test]
async fn the_sqlite_store_keeps_the_contract() {
    let databases = Databases::new();
    check(async |clock| open(databases.next(), clock)).await;
}

#[tokio::test]
async fn it_is_the_same_store_after_a_restart() {
    let databases = Databases::new();
    check_restarts(
        async |clock| open(databases.next(), clock),
        async |store, clock| {
            drop(store);
            open(databases.last(), clock)
        },
    )
    .await;
}

#[tokio::test]
async fn what_a_failing_disk_did_not_take_has_never_been() {
    let databases = Databases::new();
    check_random_walks(async |clock| {
        let commits = AtomicU64::new(0);
        let fail_often = move || match commits.fetch_add(0x9E37_79B9_7F4A_7C15, SeqCst) >> 61 {
            0 | 1 => Err(io::Error::other("the disk is full")),
            _ => Ok(()),
        };
        SqliteStore::options().clock(clock).before_commit(fail_often).open(databases.next()).unwrap()
    })
    .await;
}
