//! Stopping from outside what SQLite is busy with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, Result};

/// How many instructions SQLite runs before it asks whether to go on: some ten microseconds' worth.
const INSTRUCTIONS_BETWEEN_QUESTIONS: i32 = 1_000;

/// Stops all reading of a [`crate::GeoPackage`], from any thread and for good.
#[derive(Clone, Debug, Default)]
pub struct Interrupter(Arc<AtomicBool>);

impl Interrupter {
    /// Whatever is being read, or is read from now on, fails with [`crate::Error::Interrupted`].
    pub fn interrupt(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Makes it stop whatever runs on `connection`.
    ///
    /// SQLite's own interrupt would not do: it forgets one that comes between two statements.
    pub(crate) fn watch(&self, connection: &mut Connection) -> Result<()> {
        let interrupter = self.clone();
        connection
            .progress_handler(INSTRUCTIONS_BETWEEN_QUESTIONS, Some(move || interrupter.is_interrupted()))
    }
}
