//! Makes errors that name the file being read and the place in it.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use crate::{Error, error::Place};

/// The name of the file that is being read, for its errors. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct ErrorContext {
    file: Arc<str>,
    packed: Option<Arc<PackedProgress>>,
}

/// How far a packed file has been unpacked.
#[derive(Debug, Default)]
pub(crate) struct PackedProgress {
    bytes: AtomicU64,
    has_failed: AtomicBool,
}

impl PackedProgress {
    /// Sets the number of bytes that were unpacked.
    pub(crate) fn set(&self, bytes: u64) {
        self.bytes.store(bytes, Relaxed);
    }

    /// Notes that the next bytes could not be unpacked.
    pub(crate) fn fail(&self) {
        self.has_failed.store(true, Relaxed);
    }
}

impl ErrorContext {
    /// `file` is the name that error messages show.
    pub(crate) fn new(file: &str) -> Self {
        Self { file: file.into(), packed: None }
    }

    /// The context for the unpacked content of the file.
    pub(crate) fn unpacked(&self, progress: Arc<PackedProgress>) -> Self {
        Self { file: self.file.clone(), packed: Some(progress) }
    }

    /// The error for a read that failed after byte `at`. Decompressors report damaged input as an [`io::Error`] too.
    pub(crate) fn io(&self, at: u64, source: io::Error) -> Error {
        let at = match &self.packed {
            Some(packed) if packed.has_failed.load(Relaxed) => Place::InFile(packed.bytes.load(Relaxed)),
            _ => self.place(at),
        };
        match source.kind() {
            io::ErrorKind::UnexpectedEof => {
                Error::Truncated { file: self.file(), at, inside: "where more was to come" }
            }
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                Error::Damaged { file: self.file(), at, what: source.to_string() }
            }
            _ => Error::Io { file: self.file(), at, source },
        }
    }

    pub(crate) fn not_osm(&self, reason: impl Into<String>) -> Error {
        Error::NotOsm { file: self.file(), reason: reason.into() }
    }

    pub(crate) fn truncated(&self, at: u64, inside: &'static str) -> Error {
        Error::Truncated { file: self.file(), at: self.place(at), inside }
    }

    pub(crate) fn unsupported(&self, what: impl Into<String>) -> Error {
        Error::Unsupported { file: self.file(), what: what.into() }
    }

    pub(crate) fn damaged(&self, at: u64, what: impl Into<String>) -> Error {
        Error::Damaged { file: self.file(), at: self.place(at), what: what.into() }
    }

    fn place(&self, at: u64) -> Place {
        match &self.packed {
            Some(packed) => Place::Unpacked { at, packed: packed.bytes.load(Relaxed) },
            None => Place::InFile(at),
        }
    }

    fn file(&self) -> String {
        self.file.to_string()
    }
}
