//! Why OpenStreetMap data cannot be read.

use std::io;

/// Why OpenStreetMap data cannot be read. `file` is the name that was given to the [`crate::Source`]. Offsets (`at`) are
/// bytes from the start of the file, counted after decompression where the file is compressed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system or the network reported an error.
    #[error("cannot read {file} beyond byte {at}")]
    Io {
        /// The file.
        file: String,
        /// The number of bytes that were read before the error.
        at: u64,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is in another format.
    #[error("{file} is no OpenStreetMap file: {reason}")]
    NotOsm {
        /// The file.
        file: String,
        /// What the file seems to be.
        reason: String,
    },
    /// The end of the file is missing.
    #[error("{file} is truncated: it ends at byte {at}, {inside}")]
    Truncated {
        /// The file.
        file: String,
        /// The length of the file.
        at: u64,
        /// The part of the format in which the file ends.
        inside: &'static str,
    },
    /// The file uses a feature of its format that is not supported.
    #[error("{file} cannot be read: {what}")]
    Unsupported {
        /// The file.
        file: String,
        /// The feature.
        what: String,
    },
    /// The file violates its format.
    #[error("{file} is damaged at byte {at}: {what}")]
    Damaged {
        /// The file.
        file: String,
        /// The offset of the violation.
        at: u64,
        /// The violation.
        what: String,
    },
    /// A temporary file could not be made, written or read.
    #[error("could not {doing} a temporary file")]
    TemporaryFile {
        /// `make`, `write` or `read`.
        doing: &'static str,
        /// The error of the system.
        source: io::Error,
    },
    /// Another thread interrupted the work.
    #[error("reading was interrupted")]
    Interrupted,
}

impl Error {
    /// Maps the error of an operation on a temporary file, for [`Result::map_err`].
    pub(crate) fn temporary_file(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::TemporaryFile { doing, source }
    }
}
