//! Stopping from outside what SQLite is busy with.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, InterruptHandle};

/// Stops all reading of one [`crate::GeoPackage`], from any thread and for good.
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

    /// Lets an interrupt reach `connection` too.
    pub(crate) fn watch(&self, connection: &Connection) {
        self.connections().push(connection.get_interrupt_handle());
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, Vec<InterruptHandle>> {
        self.0.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Interrupter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Interrupter").field(&self.is_interrupted()).finish()
    }
}
