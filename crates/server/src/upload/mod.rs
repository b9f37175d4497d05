//! Receives files: writes a request body to the disk while it arrives, in one pass, without holding all of it in memory.
//!
//! A chunk of the body is written as it is, and the speed of the disk limits how fast the network is read.

mod disk_space;
mod error;
mod form;
mod receiver;
mod spool;
mod timed_body;

pub(crate) use disk_space::free as free_space;
pub(crate) use error::UploadError;
pub(crate) use receiver::{ReceivedFile, Receiver, TextFile, UploadOptions};
pub(crate) use timed_body::TimedBody;
