//! Layers as files.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../harness/mod.rs"]
mod harness;

mod caching;
mod conditions;
mod making;
mod names;
mod setup;
mod windows;
