//! What outlives the process, and what becomes of it: properties 1, 2, 4, 6, 14, 21, 24 and 26 across a restart, and what a disk
//! can do to a database.
//!
//! A crash is a copy of the database's files while the store is open: what a killed process would have left.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test may")]
#![allow(dead_code, reason = "other tests use the rest of the stage")]

mod commits;
mod crashes;
mod database;
mod disk;
mod publication;
#[path = "../properties/stage.rs"]
mod stage;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use longhaul_tasks::{SqliteStore, clock::ManualClock};
use tempfile::TempDir;

fn new_store(folder: &Path, clock: Arc<ManualClock>) -> SqliteStore {
    SqliteStore::options().clock(clock).open(database_in(folder)).unwrap()
}

fn database_in(folder: &Path) -> PathBuf {
    folder.join("tasks.sqlite")
}

/// The files of the database as they are at this moment, in a folder of their own.
fn copy_of(folder: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    for name in ["tasks.sqlite", "tasks.sqlite-wal"] {
        if folder.join(name).exists() {
            fs::copy(folder.join(name), copy.path().join(name)).unwrap();
        }
    }
    copy
}
