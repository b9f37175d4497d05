//! Reads the blobs of a file. Each has a header with its type and its length.

use std::io::{self, Read};

use super::{
    blob, decode,
    header_block::{self, HeaderBlock},
    malformed::Malformed,
    wire::Message,
};
use crate::{Entities, Error, SourceMetadata, error_context::ErrorContext};

/// The largest header and the largest blob that the format allows.
const MAX_HEADER_BYTES: u32 = 64 << 10;
const MAX_BLOB_BYTES: u64 = 32 << 20;

/// Yields the `OSMData` blobs of a file.
pub(crate) struct BlobReader<R> {
    reader: R,
    context: ErrorContext,
    at: u64,
    has_header: bool,
}

/// An `OSMData` blob that is not yet decompressed.
pub(crate) struct RawBlob {
    context: ErrorContext,
    /// The offset of its header in the file.
    at: u64,
    blob: Vec<u8>,
}

/// Whether the first bytes of a file are those of PBF: the length of a header, then `OSMHeader` in it.
pub(crate) fn is_pbf(start: &[u8]) -> bool {
    const FIRST: &[u8] = b"\x0A\x09OSMHeader";
    start.len() > 4 && start[4..].starts_with(&FIRST[..FIRST.len().min(start.len() - 4)])
}

impl<R: Read> BlobReader<R> {
    pub(crate) fn new(reader: R, context: ErrorContext) -> Self {
        Self { reader, context, at: 0, has_header: false }
    }

    /// The next blob with entities. What the header of the file contains goes to `metadata`.
    pub(crate) fn next(&mut self, metadata: &mut SourceMetadata) -> Result<Option<RawBlob>, Error> {
        while let Some((kind, blob)) = self.next_blob()? {
            match &kind[..] {
                b"OSMHeader" => {
                    let header = blob.header()?;
                    header.check(&self.context)?;
                    header.copy_to(metadata);
                    self.has_header = true;
                }
                b"OSMData" if self.has_header => return Ok(Some(blob)),
                b"OSMData" => return Err(self.context.damaged(blob.at, "data stands before the header")),
                // The format says that other types must be skipped.
                _ => {}
            }
        }
        Ok(None)
    }

    fn next_blob(&mut self) -> Result<Option<(Vec<u8>, RawBlob)>, Error> {
        let at = self.at;
        let Some(length) = self.header_length()? else { return Ok(None) };
        if length > MAX_HEADER_BYTES {
            return Err(self.context.damaged(at, format!("a blob's header has a length of {length} bytes")));
        }
        let header = self.read_exact(length.into(), "in a blob's header")?;
        let (kind, length) = kind_and_length(&header).map_err(|error| self.context.damaged(at, error.0))?;
        let valid = u64::try_from(length).ok().filter(|length| *length <= MAX_BLOB_BYTES);
        let Some(length) = valid else {
            return Err(self.context.damaged(at, format!("a blob has a length of {length} bytes")));
        };
        let blob = self.read_exact(length, "in a blob")?;
        Ok(Some((kind, RawBlob { context: self.context.clone(), at, blob })))
    }

    /// The length of the next header; `None` at the end of the file.
    fn header_length(&mut self) -> Result<Option<u32>, Error> {
        let bytes = self.read_up_to(4)?;
        match <[u8; 4]>::try_from(&bytes[..]) {
            Ok(bytes) => Ok(Some(u32::from_be_bytes(bytes))),
            Err(_) if bytes.is_empty() => Ok(None),
            Err(_) => Err(self.context.truncated(self.at, "in the length of a blob's header")),
        }
    }

    fn read_exact(&mut self, count: u64, inside: &'static str) -> Result<Vec<u8>, Error> {
        let bytes = self.read_up_to(count)?;
        if bytes.len() as u64 == count { Ok(bytes) } else { Err(self.context.truncated(self.at, inside)) }
    }

    /// Reads up to `count` bytes. Memory is allocated for the bytes that are read, not for the length that the file claims.
    fn read_up_to(&mut self, count: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let read: io::Result<usize> = self.reader.by_ref().take(count).read_to_end(&mut bytes);
        self.at += bytes.len() as u64;
        read.map_err(|error| self.context.io(self.at, error))?;
        Ok(bytes)
    }
}

fn kind_and_length(header: &[u8]) -> Result<(Vec<u8>, i64), Malformed> {
    let (mut kind, mut length) = (None, None);
    let mut message = Message::new(header);
    while let Some((number, field)) = message.next()? {
        match number {
            1 => kind = Some(field.bytes()?.to_vec()),
            3 => length = Some(field.integer()?),
            _ => {}
        }
    }
    kind.zip(length).ok_or(Malformed("a blob's header lacks its kind or its length"))
}

impl RawBlob {
    /// Decodes the blob into `entities`, whose former content is dropped.
    pub(crate) fn decode(&self, entities: &mut Entities) -> Result<(), Error> {
        entities.clear();
        decode::decode(&self.content()?, entities).map_err(|error| self.damaged(error))
    }

    fn header(&self) -> Result<HeaderBlock, Error> {
        header_block::decode(&self.content()?).map_err(|error| self.damaged(error))
    }

    /// The decompressed content.
    fn content(&self) -> Result<Vec<u8>, Error> {
        match blob::decompress(&self.blob) {
            Ok(content) => Ok(content),
            Err(blob::BlobError::UnsupportedCompression(name)) => Err(self.context.unsupported(format!(
                "its blocks are packed with {name}, and only zlib can be read; 'osmium cat -o new.osm.pbf' packs anew"
            ))),
            Err(blob::BlobError::Malformed(error)) => Err(self.damaged(error)),
        }
    }

    fn damaged(&self, Malformed(what): Malformed) -> Error {
        self.context.damaged(self.at, what)
    }
}
