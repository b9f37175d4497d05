//! Whose bytes are being read: what errors need to know.

use std::{io, sync::Arc};

use crate::Error;

/// Makes errors that name the file.
#[derive(Clone, Debug)]
pub(crate) struct ErrorContext(Arc<str>);

impl ErrorContext {
    pub(crate) fn new(file: &str) -> Self {
        Self(file.into())
    }

    /// Sorts what was said when reading failed at byte `at`: also what the decompressors have to say comes this way.
    pub(crate) fn io(&self, at: u64, source: io::Error) -> Error {
        match source.kind() {
            io::ErrorKind::UnexpectedEof => self.truncated(at, "where more was to come"),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => self.damaged(at, source.to_string()),
            _ => Error::Io { file: self.file(), at, source },
        }
    }

    pub(crate) fn not_osm(&self, reason: impl Into<String>) -> Error {
        Error::NotOsm { file: self.file(), reason: reason.into() }
    }

    pub(crate) fn truncated(&self, at: u64, inside: &'static str) -> Error {
        Error::Truncated { file: self.file(), at, inside }
    }

    pub(crate) fn unsupported(&self, what: impl Into<String>) -> Error {
        Error::Unsupported { file: self.file(), what: what.into() }
    }

    pub(crate) fn damaged(&self, at: u64, what: impl Into<String>) -> Error {
        Error::Damaged { file: self.file(), at, what: what.into() }
    }

    fn file(&self) -> String {
        self.0.to_string()
    }
}
