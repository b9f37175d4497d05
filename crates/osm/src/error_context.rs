//! Makes errors that name the file being read.

use std::{io, sync::Arc};

use crate::Error;

/// The name of the file that is being read, for its errors. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct ErrorContext(Arc<str>);

impl ErrorContext {
    /// `file` is the name that error messages show.
    pub(crate) fn new(file: &str) -> Self {
        Self(file.into())
    }

    /// The error for a read that failed after byte `at`. Decompressors report damaged input as an [`io::Error`] too.
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
