#![doc = include_str!("../README.md")]

mod list;
mod merge;
mod placed;
mod runs;

use std::io::{self, Read};

pub use list::SpillList;
pub use merge::Sorted;

/// An item that can be written to a file.
pub trait Record: Sized {
    /// Appends the item.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// If it cannot be read.
    fn decode(from: &mut impl Read) -> io::Result<Self>;

    /// The bytes that it takes in memory.
    fn size(&self) -> usize {
        size_of::<Self>()
    }
}

/// A list was not sorted.
#[derive(Debug)]
pub enum SortError {
    /// A temporary file cannot be written or read.
    Io(io::Error),
    /// It was stopped.
    Stopped,
}

impl From<io::Error> for SortError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
