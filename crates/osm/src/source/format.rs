//! Detects the format of a file from its first bytes. File names and media types are not reliable.

use std::io::{self, Cursor, Read};

use crate::{
    Error,
    compression::{Compression, Decompressor},
    error_context::ErrorContext,
    pbf,
};

/// The bytes of a file, after decompression.
pub(super) type ByteStream = Box<dyn Read + Send>;

/// A format of OpenStreetMap data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Pbf,
    Xml,
}

/// How many bytes are looked at. That is enough for every format.
const PEEKED_BYTES: usize = 256;
/// How much white space may stand before an XML document.
const MAX_BLANK_BYTES: usize = 1 << 20;

/// The format of the data in `stream`; the data from its first byte on, decompressed; and the context of its errors.
pub(super) fn detect(
    stream: ByteStream,
    context: ErrorContext,
) -> Result<(Format, ByteStream, ErrorContext), Error> {
    let (start, stream) = peek(stream, &context)?;
    let (start, stream, context) = match Compression::detect(&start) {
        Some(compression) => {
            let decompressor = Decompressor::new(compression, stream);
            let context = context.unpacked(decompressor.progress());
            let (start, stream) = peek(Box::new(decompressor), &context)?;
            (start, stream, context)
        }
        None => (start, stream, context),
    };
    let format = format_of(&start).ok_or_else(|| context.not_osm(describe(&start)))?;
    Ok((format, stream, context))
}

/// The first bytes of a stream, to the first that is not white space and some more; and a stream that yields them again
/// before the rest.
fn peek(mut stream: ByteStream, context: &ErrorContext) -> Result<(Vec<u8>, ByteStream), Error> {
    let mut start = Vec::with_capacity(PEEKED_BYTES);
    loop {
        let read: io::Result<usize> = stream.by_ref().take(PEEKED_BYTES as u64).read_to_end(&mut start);
        let count = read.map_err(|error| context.io(start.len() as u64, error))?;
        if count < PEEKED_BYTES || !trimmed(&start).is_empty() || start.len() > MAX_BLANK_BYTES {
            return Ok((start.clone(), Box::new(Cursor::new(start).chain(stream))));
        }
    }
}

/// The text of an XML document without what may stand before it.
fn trimmed(start: &[u8]) -> &[u8] {
    const BYTE_ORDER_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];
    start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start).trim_ascii_start()
}

fn format_of(start: &[u8]) -> Option<Format> {
    if trimmed(start).starts_with(b"<") {
        return Some(Format::Xml);
    }
    pbf::is_pbf(start).then_some(Format::Pbf)
}

/// Describes a file that cannot be read, by its first bytes.
fn describe(start: &[u8]) -> &'static str {
    match start {
        [] => "it is empty",
        [b'P', b'K', 3, 4, ..] => "it is a ZIP archive",
        [0xFD, b'7', b'z', b'X', b'Z', ..] => "it is packed with xz; PBF, gzip and bzip2 can be read",
        [0x28, 0xB5, 0x2F, 0xFD, ..] => "it is packed with zstd; PBF, gzip and bzip2 can be read",
        [0x1F, 0x8B, ..] | [b'B', b'Z', b'h', ..] => "it is packed more than once",
        [0xFF, 0xE0, ..] => "it is an o5m file; PBF and XML can be read",
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "it is in UTF-16; XML must be in UTF-8",
        [b'{', ..] => "it begins like JSON; PBF and XML can be read",
        _ => "it begins neither like PBF nor like XML",
    }
}
