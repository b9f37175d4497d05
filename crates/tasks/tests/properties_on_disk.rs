//! The tests of `properties` with the store on a disk.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test may")]
#![allow(dead_code, reason = "some of the stage is for tests of the store in memory")]

#[path = "properties/cancelling.rs"]
mod cancelling;
#[path = "properties/context.rs"]
mod context;
#[path = "properties/fairness.rs"]
mod fairness;
#[path = "properties/pruning.rs"]
mod pruning;
#[path = "properties/stage.rs"]
mod stage;
#[path = "properties/states.rs"]
mod states;
#[path = "properties/stopping.rs"]
mod stopping;
#[path = "properties/submitting.rs"]
mod submitting;
#[path = "properties/views.rs"]
mod views;

use std::{path::Path, sync::Arc};

use longhaul_tasks::{SqliteStore, clock::ManualClock};

fn new_store(folder: &Path, clock: Arc<ManualClock>) -> SqliteStore {
    SqliteStore::options().clock(clock).open(folder.join("tasks.sqlite")).unwrap()
}
