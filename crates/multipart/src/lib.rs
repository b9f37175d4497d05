//! Takes `multipart/form-data` bodies apart as they come, one pass, never whole in memory.
//!
//! Not `multer`: that reads on until the network has nothing more to give and keeps it all in one buffer, so a fast sender
//! decides how much memory the server needs; and it copies every byte. Here a chunk of the body is passed on as it is, and
//! whoever takes the pieces sets the pace.
//!
//! Knows no network and no disk, so that anything can be pushed into it.

#![forbid(unsafe_code)]

mod boundary;
mod head;
mod parts;

pub use boundary::boundary;
pub use head::Head;
pub use parts::{Malformed, Parts, Piece};
