//! One object in the form in which a pack holds it.

use libdeflater::{CompressionLvl, Compressor};

use crate::object::ObjectKind;

/// The most a stored deflate block can hold.
const STORED_BLOCK: usize = 0xffff;
/// zlib's two bytes of header for a 32 KiB window, fastest level.
const ZLIB_HEADER: [u8; 2] = [0x78, 0x01];

/// Writes objects as pack entries, compressed or stored.
pub(crate) struct EntryWriter {
    compressor: Compressor,
    scratch: Vec<u8>,
}

impl EntryWriter {
    pub(crate) fn new() -> Self {
        // Not `fastest()`, which is level 0 and does not compress at all.
        let level = CompressionLvl::new(1).unwrap_or_default();
        Self { compressor: Compressor::new(level), scratch: Vec::new() }
    }

    /// Appends the object to `out`, compressed if that makes it smaller.
    pub(crate) fn compressed(&mut self, out: &mut Vec<u8>, kind: ObjectKind, data: &[u8]) {
        match self.deflate(data) {
            Some(length) if length < data.len() => {
                write_header(out, kind, data.len());
                out.extend_from_slice(&self.scratch[..length]);
            }
            _ => stored(out, kind, data),
        }
    }

    /// How many bytes `data` takes when compressed, at most its own length.
    pub(crate) fn compressed_len(&mut self, data: &[u8]) -> usize {
        self.deflate(data).map_or(data.len(), |length| length.min(data.len()))
    }

    fn deflate(&mut self, data: &[u8]) -> Option<usize> {
        let bound = self.compressor.zlib_compress_bound(data.len());
        if self.scratch.len() < bound {
            self.scratch.resize(bound, 0);
        }
        self.compressor.zlib_compress(data, &mut self.scratch).ok()
    }
}

/// Appends the object to `out` as it is, in stored blocks.
pub(crate) fn stored(out: &mut Vec<u8>, kind: ObjectKind, data: &[u8]) {
    write_header(out, kind, data.len());
    out.extend_from_slice(&ZLIB_HEADER);
    let mut rest = data;
    loop {
        let (block, after) = rest.split_at(rest.len().min(STORED_BLOCK));
        let length = block.len() as u16;
        out.push(u8::from(after.is_empty()));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    out.extend_from_slice(&simd_adler32::adler32(&data).to_be_bytes());
}

/// Whether an entry is a tree, by its header.
pub(crate) fn is_tree(entry: &[u8]) -> bool {
    entry.first().is_some_and(|first| first >> 4 & 7 == ObjectKind::Tree as u8)
}

/// Kind and size: three bits of kind and four of size, then seven of size a byte.
fn write_header(out: &mut Vec<u8>, kind: ObjectKind, size: usize) {
    let mut byte = (kind as u8) << 4 | (size & 0x0f) as u8;
    let mut rest = size >> 4;
    while rest > 0 {
        out.push(byte | 0x80);
        byte = (rest & 0x7f) as u8;
        rest >>= 7;
    }
    out.push(byte);
}
