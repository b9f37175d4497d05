//! Stopping from outside what takes long.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Stops all writing of one [`crate::Stage`], from any thread and for good.
#[derive(Clone, Debug, Default)]
pub struct Interrupter(Arc<AtomicBool>);

/// The stage was stopped from outside.
#[derive(Debug, thiserror::Error)]
#[error("preparing the commit was interrupted")]
pub struct Interrupted;

impl Interrupter {
    /// Whatever is being prepared, or is asked for from now on, fails. What is published already stays.
    pub fn interrupt(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn check(&self) -> Result<(), Interrupted> {
        if self.0.load(Ordering::Relaxed) { Err(Interrupted) } else { Ok(()) }
    }
}
