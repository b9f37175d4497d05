//! Decompresses a blob.

use libdeflater::{DecompressionError, Decompressor};

use super::{malformed::Malformed, wire::Message};

/// The largest content of a blob that the format allows.
const MAX_CONTENT_BYTES: i64 = 32 << 20;

/// Why the content of a blob cannot be read.
pub(super) enum BlobError {
    /// It is compressed with this method, which is not supported.
    UnsupportedCompression(&'static str),
    Malformed(Malformed),
}

impl From<Malformed> for BlobError {
    fn from(error: Malformed) -> Self {
        Self::Malformed(error)
    }
}

/// The content of a blob: the encoded message of a block.
pub(super) fn decompress(blob: &[u8]) -> Result<Vec<u8>, BlobError> {
    let mut size = None;
    let mut zlib = None;
    let mut message = Message::new(blob);
    while let Some((number, field)) = message.next()? {
        match number {
            1 => return Ok(field.bytes()?.to_vec()),
            2 => size = Some(field.integer()?),
            3 => zlib = Some(field.bytes()?),
            4 => return Err(BlobError::UnsupportedCompression("LZMA")),
            5 => return Err(BlobError::UnsupportedCompression("bzip2")),
            6 => return Err(BlobError::UnsupportedCompression("LZ4")),
            7 => return Err(BlobError::UnsupportedCompression("zstd")),
            _ => {}
        }
    }
    let zlib = zlib.ok_or(Malformed("a blob has no content"))?;
    let size = size.ok_or(Malformed("a blob does not say how long its content is"))?;
    if !(0..=MAX_CONTENT_BYTES).contains(&size) {
        return Err(Malformed("a blob says that its content is longer than 32 MiB").into());
    }
    Ok(inflate(zlib, size as usize)?)
}

fn inflate(zlib: &[u8], size: usize) -> Result<Vec<u8>, Malformed> {
    let mut content = vec![0; size];
    match Decompressor::new().zlib_decompress(zlib, &mut content) {
        Ok(found) if found == size => Ok(content),
        Ok(_) => Err(Malformed("the content of a blob is shorter than it says")),
        Err(DecompressionError::InsufficientSpace) => {
            Err(Malformed("the content of a blob is longer than it says"))
        }
        Err(DecompressionError::BadData) => Err(Malformed("the content of a blob does not decompress")),
    }
}
