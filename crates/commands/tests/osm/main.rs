//! Imports of OpenStreetMap data into a repository, seen from outside: what a task says, and what `git` then finds.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../support/mod.rs"]
mod support;

mod cancelling;
mod extracts;
mod fixtures;
mod layers;
mod order;
