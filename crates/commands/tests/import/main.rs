//! Imports of GeoPackages into a repository, seen from outside: what a task says, and what `git` then finds.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../support/mod.rs"]
mod support;

mod again;
mod cancelling;
mod files;
mod keys;
mod layers;
mod others;
mod sizes;
mod words;
