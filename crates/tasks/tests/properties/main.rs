//! What must hold of tasks on one server that is not restarted; a file per theme, a test per promise. With the store in
//! memory; `properties_on_disk` runs the same tests with the one on a disk.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod async_jobs;
mod cancelling;
mod context;
mod fairness;
mod pruning;
mod recovery;
mod stage;
mod states;
mod stopping;
mod stores;
mod submitting;
mod views;

use std::{path::Path, sync::Arc};

use longhaul_tasks::{clock::ManualClock, store::MemoryStore};

fn new_store(_folder: &Path, clock: Arc<ManualClock>) -> MemoryStore {
    MemoryStore::with_clock(clock)
}
