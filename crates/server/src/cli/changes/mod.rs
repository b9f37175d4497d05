//! `longhaul diff` and `revert`: what commits have changed, and undoing it.

mod diff;
mod revert;

pub use diff::{DiffArgs, run as run_diff};
pub use revert::{RevertArgs, run as run_revert};
