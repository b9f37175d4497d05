//! [OSM PBF](https://wiki.openstreetmap.org/wiki/PBF_Format): protocol buffers in packed blocks.
//!
//! The decoder is our own. It checks what it reads, takes whatever part of the metadata a file has, and leaves
//! nothing out in silence: an entity that does not decode is an error.

mod blob;
mod blob_reader;
mod dense;
mod header_block;
mod info;
mod primitive_block;
mod wire;

pub(crate) use blob_reader::{BlobReader, RawBlob, is_pbf};

/// What a piece of a file does that it must not, in words for an error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(&'static str);
