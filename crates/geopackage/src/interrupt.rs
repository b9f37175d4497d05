//! Interrupts SQLite.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, Result};

/// How many instructions SQLite runs between two checks for an interrupt: some ten microseconds.
const INSTRUCTIONS_BETWEEN_CHECKS: i32 = 1_000;

/// Interrupts all reading of a [`crate::GeoPackage`], from any thread, permanently.
#[derive(Clone, Debug, Default)]
pub struct Interrupter(Arc<AtomicBool>);

impl Interrupter {
    /// All current and later reads fail with [`crate::Error::Interrupted`].
    pub fn interrupt(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Lets it interrupt all statements on `connection`.
    ///
    /// SQLite's own interrupt is not enough: it has no effect between two statements.
    pub(crate) fn watch(&self, connection: &mut Connection) -> Result<()> {
        let interrupter = self.clone();
        connection.progress_handler(INSTRUCTIONS_BETWEEN_CHECKS, Some(move || interrupter.is_interrupted()))
    }
}
