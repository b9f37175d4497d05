//! Cancellation of an assembly.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use crate::Error;

/// Stops an assembly, from any thread and permanently. Clones stop the same assembly.
#[derive(Clone, Debug, Default)]
pub struct Interrupter(Arc<AtomicBool>);

impl Interrupter {
    /// Makes running and later operations fail with [`Error::Interrupted`].
    pub fn interrupt(&self) {
        self.0.store(true, Relaxed);
    }

    /// Fails if [`Self::interrupt`] was called.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.0.load(Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}
