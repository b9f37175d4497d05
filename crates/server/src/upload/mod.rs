//! Receives files: from the network to the disk as they come, one pass, never whole in memory.
//!
//! A chunk of the body is passed on as it is, and the disk sets the pace.

mod incoming;
mod receive;
mod space;
mod spool;

pub(crate) use receive::{Document, ReceivedFile, Receiver, UploadError, Wanted};
