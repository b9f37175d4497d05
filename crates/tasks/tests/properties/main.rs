//! What must hold of tasks on one server that is not restarted; a file per theme, a test per promise.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod async_jobs;
mod cancelling;
mod context;
mod fairness;
mod pruning;
mod rescue;
mod stage;
mod states;
mod stopping;
mod stores;
mod submitting;
mod tampered;
mod views;
