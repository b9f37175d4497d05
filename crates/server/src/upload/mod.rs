//! Receives files: from the network to the disk as they come, one pass, never whole in memory.
//!
//! Multipart bodies are taken apart here and not by `multer`: that reads on until the network has nothing more to give
//! and keeps it all in one buffer, so a fast sender decides how much memory the server needs; and it copies every byte.
//! Here a chunk of the body is passed on as it is, and the disk sets the pace.

mod boundary;
mod head;
mod incoming;
mod parts;
mod receive;
mod space;
mod spool;

pub(crate) use receive::{Document, ReceivedFile, Receiver, UploadError, Wanted, decline};
