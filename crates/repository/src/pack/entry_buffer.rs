//! A buffer of pack entries, filled by one thread and appended to the pack by another.

use crate::object::Id;

/// The size in bytes from which a buffer is handed over. Large enough that the hand-over costs nothing, small enough that
/// a few buffers take little memory.
pub(crate) const FULL: usize = 1 << 20;

/// Whole entries, one after the other.
#[derive(Debug, Default)]
pub(crate) struct EntryBuffer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) entries: Vec<BufferedEntry>,
}

/// The object whose entry begins at `start`.
#[derive(Debug)]
pub(crate) struct BufferedEntry {
    pub(crate) id: Id,
    pub(crate) crc: u32,
    pub(crate) start: usize,
}

impl EntryBuffer {
    /// Adds the entry that `write` appends.
    pub(crate) fn push(&mut self, id: Id, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        let crc = crc32fast::hash(&self.bytes[start..]);
        self.entries.push(BufferedEntry { id, crc, start });
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    /// Each entry with its bytes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&BufferedEntry, &[u8])> {
        let ends = self.entries.iter().skip(1).map(|entry| entry.start);
        let ends = ends.chain([self.bytes.len()]);
        self.entries.iter().zip(ends).map(|(entry, end)| (entry, &self.bytes[entry.start..end]))
    }
}
