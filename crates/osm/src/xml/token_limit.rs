//! A limit on what stands between two points of a document.

use std::io::{self, BufRead, Read};

/// The longest tag, text or comment: the parser keeps one of them whole in memory.
const MAX_TOKEN_BYTES: usize = 4 << 20;

/// Reads on until it has given so much since it was last told to begin anew.
pub(super) struct TokenLimit<R> {
    reader: R,
    left: usize,
}

impl<R> TokenLimit<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, left: MAX_TOKEN_BYTES }
    }

    pub(super) fn reset(&mut self) {
        self.left = MAX_TOKEN_BYTES;
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
        if self.left == 0 {
            let what = "a tag, a text or a comment is longer than 4 MiB";
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        self.reader.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count);
        self.reader.consume(count);
    }
}
