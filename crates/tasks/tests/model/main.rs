//! Every interleaving of what can happen to two tasks, tried on a real store: submit, claim, cancel, seal, publish, end,
//! release, time-out, crash, recovery, prune.
//!
//! Threads, clients and processes are a model that takes one [`Step`](state::Step) after another; the store is real. A state of
//! the model is reached once, on the shortest path, and left by every step that is possible in it. After each step the store is
//! compared with the state diagram, and from each state every task must come to its end.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod durable_store;
mod explorer;
mod invariants;
mod simulation;
mod state;

use durable_store::InMemory;
#[cfg(feature = "sqlite")]
use durable_store::OnDisk;
use explorer::explore;
use state::{Bounds, Lanes};

const BOUNDS: Bounds = Bounds { crashes: 2, releases: 1, failures: 2 };

/// A disk is slow, so less may happen.
#[cfg(feature = "sqlite")]
const FEWER: Bounds = Bounds { crashes: 1, releases: 1, failures: 1 };

#[test]
fn two_tasks_of_one_lane_keep_every_promise_whatever_happens_when() {
    explore::<InMemory>(Lanes::Shared, BOUNDS);
}

#[test]
fn two_tasks_of_different_lanes_keep_every_promise_whatever_happens_when() {
    explore::<InMemory>(Lanes::Separate, BOUNDS);
}

#[cfg(feature = "sqlite")]
#[test]
fn two_tasks_on_a_disk_keep_every_promise_whatever_happens_when() {
    explore::<OnDisk>(Lanes::Shared, FEWER);
}
