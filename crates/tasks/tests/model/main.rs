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
use world::{Bounds, Lanes};

#[test]
fn two_tasks_of_one_lane_keep_every_promise_whatever_happens_when() {
    explore::<InMemory>(Lanes::Shared, Bounds { crashes: 2, hand_backs: 1, failures: 2 });
}

#[test]
fn two_tasks_of_different_lanes_keep_every_promise_whatever_happens_when() {
    explore::<InMemory>(Lanes::Apart, Bounds { crashes: 2, hand_backs: 1, failures: 2 });
}
