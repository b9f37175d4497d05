//! GeoPackages that showed faults, each with its right answer, and others of the same kinds.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../support/mod.rs"]
mod support;

mod columns;
mod geogig;
mod hostile;
mod ordinary_files;
mod outcome;
mod reference_systems;
mod tables;
mod values;
mod whole_files;
