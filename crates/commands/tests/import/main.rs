//! Imports of GeoPackages into a repository, seen from outside: what a task says, and what `git` then finds.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../support/mod.rs"]
mod support;

mod cancelling;
mod commit_details;
mod concurrent_changes;
mod invalid_files;
mod keys;
mod layers;
mod reimport;
mod sizes;
