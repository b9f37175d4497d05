#![doc = include_str!("../README.md")]
//!
//! # Why not `multer`
//!
//! `multer` reads ahead into one buffer as long as the network has data, so that a fast client determines the memory use of the server,
//! and it copies every byte.

#![forbid(unsafe_code)]

mod boundary;
mod head;
mod parts;

pub use boundary::boundary;
pub use head::Head;
pub use parts::{Malformed, Parts, Piece};
