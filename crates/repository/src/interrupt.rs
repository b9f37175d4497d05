//! Interrupts the preparation of a commit.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Interrupts all work on one [`crate::Stage`], from any thread, permanently.
#[derive(Clone, Debug, Default)]
pub struct Interrupter(Arc<AtomicBool>);

/// The work was interrupted.
#[derive(Debug, thiserror::Error)]
#[error("preparing the commit was interrupted")]
pub struct Interrupted;

impl Interrupter {
    /// All current and later work on the stage fails. What is published already stays.
    pub fn interrupt(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn check(&self) -> Result<(), Interrupted> {
        if self.0.load(Ordering::Relaxed) { Err(Interrupted) } else { Ok(()) }
    }
}
