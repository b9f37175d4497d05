//! Imports of GeoPackages: the results of the tasks, and the repository as `git` sees it.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../support/mod.rs"]
mod support;

mod cancelling;
mod commit_details;
mod concurrent_changes;
mod guards;
mod invalid_files;
mod keys;
mod layers;
mod reimport;
mod sizes;
