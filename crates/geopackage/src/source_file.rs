//! The file that is read, and connections to it.

use std::path::PathBuf;

use rusqlite::Connection;

use crate::{Error, Interrupter, connection};

/// The file of a package, shared by all its readers.
#[derive(Debug)]
pub(crate) struct SourceFile {
    pub(crate) path: PathBuf,
    /// What errors call the file.
    pub(crate) shown_name: String,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Stops its readers.
    pub(crate) interrupter: Interrupter,
}

impl SourceFile {
    /// Opens a connection to the file.
    pub(crate) fn connect(&self) -> Result<Connection, Error> {
        self.check_interrupt()?;
        connection::open(&self.path, &self.interrupter)
            .map_err(|source| Error::from_sqlite(&self.shown_name, "opening it", source))
    }

    pub(crate) fn check_interrupt(&self) -> Result<(), Error> {
        if self.interrupter.is_interrupted() {
            return Err(Error::Interrupted { file: self.shown_name.clone() });
        }
        Ok(())
    }
}
