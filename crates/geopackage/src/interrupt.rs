//! Stopping from outside what SQLite is busy with.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, InterruptHandle, ffi};

/// Stops all reading of a [`crate::GeoPackage`], from any thread and for good.
#[derive(Clone, Default)]
pub struct Interrupter(Arc<Shared>);

#[derive(Default)]
struct Shared {
    interrupted: AtomicBool,
    connections: Mutex<Vec<InterruptHandle>>,
}

impl Interrupter {
    /// Whatever is being read, or is read from now on, fails with [`crate::Error::Interrupted`].
    pub fn interrupt(&self) {
        self.0.interrupted.store(true, Ordering::SeqCst);
        for connection in self.connections().iter() {
            connection.interrupt();
        }
    }

    /// Whether [`Self::interrupt`] was called.
    ///
    /// SQLite forgets an interrupt that comes between two statements, so this is asked there.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.0.interrupted.load(Ordering::SeqCst)
    }

    /// Lets an interrupt reach `connection` too, also one that has already come.
    pub(crate) fn watch(&self, connection: &Connection) -> rusqlite::Result<()> {
        self.connections().push(connection.get_interrupt_handle());
        if self.is_interrupted() {
            return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_INTERRUPT), None));
        }
        Ok(())
    }

    fn connections(&self) -> MutexGuard<'_, Vec<InterruptHandle>> {
        self.0.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Interrupter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Interrupter").field(&self.is_interrupted()).finish()
    }
}
