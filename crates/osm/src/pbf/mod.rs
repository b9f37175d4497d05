//! [OSM PBF](https://wiki.openstreetmap.org/wiki/PBF_Format): protocol buffers in packed blocks.
//!
//! The decoder is our own. It checks what it reads, takes whatever part of the metadata a file has, and leaves
//! nothing out in silence: an entity that does not decode is an error.

mod blob;
mod block;
mod dense;
mod frames;
mod header;
mod info;
mod wire;

pub(crate) use frames::{Frame, Frames, begins};

/// What a piece of a file does that it must not, in words for an error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(&'static str);
