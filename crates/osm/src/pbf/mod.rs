//! Reads [OSM PBF](https://wiki.openstreetmap.org/wiki/PBF_Format): protocol buffers in compressed blobs.
//!
//! Every entity that does not decode is an error; nothing is skipped silently. Any part of the metadata of an entity may
//! be missing.

mod blob;
mod blob_reader;
mod decode;
mod dense;
mod header_block;
mod info;
mod malformed;
mod primitive_block;
mod single;
mod wire;

pub(crate) use blob_reader::{BlobReader, RawBlob, is_pbf};
