//! Why OpenStreetMap data cannot be read.

use std::{fmt, io};

/// Why OpenStreetMap data cannot be read. `file` is the name that was given to the [`crate::Source`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system or the network reported an error.
    #[error("cannot read {file} beyond byte {at}")]
    Io {
        /// The file.
        file: String,
        /// The number of bytes that were read before the error.
        at: Place,
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
        at: Place,
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
        at: Place,
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

/// A place in a file, in bytes from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the file as it is.
    InFile(u64),
    /// In what a packed file contains.
    Unpacked {
        /// The place in the unpacked content.
        at: u64,
        /// How many bytes of the packed file were unpacked to reach it. The last of them may belong to later content.
        packed: u64,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InFile(at) => write!(f, "{at}"),
            Self::Unpacked { at, packed } => {
                write!(f, "{at} of its unpacked content (within the first {packed} bytes of the packed file)")
            }
        }
    }
}

impl Error {
    /// Maps the error of an operation on a temporary file, for [`Result::map_err`].
    pub(crate) fn temporary_file(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::TemporaryFile { doing, source }
    }
}
