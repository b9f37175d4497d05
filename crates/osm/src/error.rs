//! What can go wrong with a file.

use std::io;

/// Why a file cannot be read. `file` is the name its [`crate::Source`] was given; places are bytes from the start, of
/// what was unpacked where the file is compressed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system, or whoever sends the data, says no.
    #[error("cannot read {file} beyond byte {at}")]
    Io {
        /// The file.
        file: String,
        /// How far it could be read.
        at: u64,
        /// What the system said.
        source: io::Error,
    },
    /// It is some other kind of file.
    #[error("{file} is no OpenStreetMap file: {reason}")]
    NotOsm {
        /// The file.
        file: String,
        /// What was found.
        reason: String,
    },
    /// Its end is missing.
    #[error("{file} is truncated: it ends at byte {at}, {inside}")]
    Truncated {
        /// The file.
        file: String,
        /// Where it ends.
        at: u64,
        /// What it ends in.
        inside: &'static str,
    },
    /// It is made in a way that is not supported.
    #[error("{file} cannot be read: {what}")]
    Unsupported {
        /// The file.
        file: String,
        /// What would have to be supported.
        what: String,
    },
    /// It contradicts its format.
    #[error("{file} is damaged at byte {at}: {what}")]
    Damaged {
        /// The file.
        file: String,
        /// Where.
        at: u64,
        /// What is wrong there.
        what: String,
    },
    /// There is no room for what does not fit into memory.
    #[error("could not {doing} a temporary file")]
    TemporaryFile {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It was stopped from outside.
    #[error("reading was interrupted")]
    Interrupted,
}

impl Error {
    /// For [`Result::map_err`] of something done to a temporary file.
    pub(crate) fn temporary_file(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::TemporaryFile { doing, source }
    }
}
