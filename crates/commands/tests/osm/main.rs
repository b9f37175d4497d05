//! Imports of OpenStreetMap data: the results of the tasks, and the repository as `git` sees it.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../support/mod.rs"]
mod support;

mod cancelling;
mod extracts;
mod fixtures;
mod layers;
mod order;
#[path = "../../../osm/tests/pbf_writer/mod.rs"]
mod pbf_writer;
mod reports;
