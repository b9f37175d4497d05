//! Every interleaving of two tasks' lives, tried on a real store: submit, claim, cancel, seal, publish, end, hand back, give
//! up, crash, rescue, prune.
//!
//! What threads and clients do is a model, [`Step`](world::Step) by step; what a store answers is the store's own. A state is
//! what everybody outside of the store knows; it is reached once, by the shortest way, and left by every step that is
//! possible in it. Each step is checked against the state diagram, and from each state everything must come to its end.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod explorer;
mod homes;
mod world;

use explorer::explore;
use homes::InMemory;
#[cfg(feature = "sqlite")]
use homes::OnDisk;
use world::{Bounds, Lanes};

const BOUNDS: Bounds = Bounds { crashes: 2, hand_backs: 1, failures: 2 };

/// A disk is slow, so less trouble has to do.
#[cfg(feature = "sqlite")]
const FEWER: Bounds = Bounds { crashes: 1, hand_backs: 1, failures: 1 };

#[test]
fn two_tasks_of_one_lane_keep_every_promise_whatever_happens_when() {
    explore::<InMemory>(Lanes::Shared, BOUNDS);
}

#[test]
fn two_tasks_of_different_lanes_keep_every_promise_whatever_happens_when() {
    explore::<InMemory>(Lanes::Apart, BOUNDS);
}

#[cfg(feature = "sqlite")]
#[test]
fn two_tasks_on_a_disk_keep_every_promise_whatever_happens_when() {
    explore::<OnDisk>(Lanes::Shared, FEWER);
}
