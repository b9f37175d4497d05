//! Keeps a path of the server out of what is sent to a client.

use bytes::{Bytes, BytesMut};

/// Replaces a path in a stream of bytes by asterisks, as many as it has bytes: Git's packets say how long they are.
///
/// For answers to pushes, which consist of messages. A pack could have the same bytes by chance.
pub(super) struct PathFilter {
    path: Vec<u8>,
    /// The end of the last chunk, if it may be the beginning of the path.
    held: BytesMut,
}

impl PathFilter {
    pub(super) fn new(path: Vec<u8>) -> Self {
        Self { path, held: BytesMut::new() }
    }

    /// The next bytes to send; possibly none.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Bytes {
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(chunk);
        let mut from = 0;
        while let Some(at) = memchr::memmem::find(&bytes[from..], &self.path) {
            let end = from + at + self.path.len();
            bytes[from + at..end].fill(b'*');
            from = end;
        }
        let held = self.beginning_at_the_end(&bytes[from..]);
        self.held = bytes.split_off(bytes.len() - held);
        bytes.freeze()
    }

    /// The rest, at the end of the stream.
    pub(super) fn finish(&mut self) -> Bytes {
        std::mem::take(&mut self.held).freeze()
    }

    /// How many bytes at the end of `bytes` are a beginning of the path.
    fn beginning_at_the_end(&self, bytes: &[u8]) -> usize {
        let longest = bytes.len().min(self.path.len() - 1);
        (1..=longest).rev().find(|length| bytes.ends_with(&self.path[..*length])).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_replaced_wherever_the_stream_is_divided() {
        let text = b"open /srv/r.git/x: full; /srv/r.git/srv /srv/r.gi/srv/r.git /s";
        let expected = b"open **********/x: full; **********/srv /srv/r.gi********** /s";
        for size in 1..=text.len() {
            let mut filter = PathFilter::new(b"/srv/r.git".to_vec());
            let mut sent: Vec<u8> = text.chunks(size).flat_map(|chunk| filter.push(chunk)).collect();
            sent.extend(filter.finish());
            assert_eq!(String::from_utf8_lossy(&sent), String::from_utf8_lossy(expected), "{size}");
        }
    }

    #[test]
    fn what_cannot_be_the_path_is_sent_at_once() {
        let mut filter = PathFilter::new(b"/srv/r.git".to_vec());
        assert_eq!(filter.push(b"0005\x02"), &b"0005\x02"[..]);
    }
}
