//! Limits the memory that the XML parser takes for one token.

use std::io::{self, BufRead, Read};

/// The longest tag, text or comment. The parser keeps each of them in memory as a whole.
const MAX_TOKEN_BYTES: usize = 4 << 20;

/// A reader that fails once [`MAX_TOKEN_BYTES`] were read since the last [`reset`](Self::reset).
pub(super) struct TokenLimit<R> {
    reader: R,
    remaining: usize,
}

impl<R> TokenLimit<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, remaining: MAX_TOKEN_BYTES }
    }

    /// Starts a new token.
    pub(super) fn reset(&mut self) {
        self.remaining = MAX_TOKEN_BYTES;
    }
}

impl<R: BufRead> Read for TokenLimit<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for TokenLimit<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.remaining == 0 {
            let message = "a tag, a text or a comment is longer than 4 MiB";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        self.reader.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.remaining = self.remaining.saturating_sub(count);
        self.reader.consume(count);
    }
}
