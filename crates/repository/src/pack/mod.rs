//! Writes one new pack and its index, as described in gitformat-pack(5).
//!
//! Threads fill [`ObjectSink`]s with whole objects; one thread appends what they hand over to the file.
//! No deltas are made: they cost time, and features are rarely similar to each other.
//! Nothing is visible to readers of the repository until [`place`].

mod appender;
mod checksum;
mod detached;
mod entry;
mod entry_buffer;
mod finish;
mod index;
mod leftovers;
mod name;
mod place;
mod spilling_list;
mod temporary_file;
mod writer;

pub(crate) use finish::FinishedPack;
pub(crate) use leftovers::{is_being_published, remove_leftovers};
pub(crate) use name::PackName;
pub(crate) use place::{find_holding, place, remove_keep_file};
pub(crate) use writer::{ObjectSink, PackWriter};

use std::io;

/// A pack could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// An I/O error.
    #[error("could not {action} a pack of the repository")]
    Disk {
        /// What was being done.
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A value is part of a collision attack.
    #[error(transparent)]
    Collision(#[from] crate::object::Collision),
    /// The work was interrupted.
    #[error(transparent)]
    Interrupted(#[from] crate::Interrupted),
    /// A thread that writes the pack has stopped early.
    #[error("writing the pack was aborted")]
    Aborted,
    /// More objects than the format can count.
    #[error("a pack cannot hold more than {} objects", u32::MAX)]
    TooMany,
}

impl PackError {
    fn disk(action: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Disk { action, source }
    }
}
