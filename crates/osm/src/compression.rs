//! Files and HTTP bodies that are compressed as a whole, read with a limit on how much they may expand.

use std::io::{self, BufReader, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;

/// How many bytes are read from the compressed input at once.
const BUFFER_BYTES: usize = 256 << 10;
/// The limit on expansion does not apply to the first bytes of output.
const FREE_OUTPUT_BYTES: u64 = 64 << 20;
/// Beyond [`FREE_OUTPUT_BYTES`] the output may have this many times the size of the input. OpenStreetMap data expands
/// to ten or twenty times its compressed size.
const MAX_EXPANSION: u64 = 200;

/// A compression format of whole files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Bzip2,
}

impl Compression {
    /// The compression of a file that begins with these bytes.
    pub(crate) fn detect(start: &[u8]) -> Option<Self> {
        match start {
            [0x1F, 0x8B, 8, ..] => Some(Self::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Bzip2),
            _ => None,
        }
    }
}

/// Reads the decompressed form of what `R` yields: all gzip members or bzip2 streams, one after the other.
pub(crate) struct Decompressor<R> {
    decoder: Decoder<R>,
    output_bytes: u64,
}

/// A gzip decoder reads from its input when it is created, and that may block. So it is created by the first read.
enum Decoder<R> {
    NotStarted(Compression, Option<R>),
    Gzip(Box<MultiGzDecoder<BufReader<CountingReader<R>>>>),
    Bzip2(Box<MultiBzDecoder<BufReader<CountingReader<R>>>>),
}

impl<R: Read> Decompressor<R> {
    pub(crate) fn new(compression: Compression, compressed: R) -> Self {
        Self { decoder: Decoder::NotStarted(compression, Some(compressed)), output_bytes: 0 }
    }
}

impl<R: Read> Decoder<R> {
    fn start(&mut self) {
        let Self::NotStarted(compression, compressed) = self else { return };
        let Some(compressed) = compressed.take() else { return };
        let input = BufReader::with_capacity(BUFFER_BYTES, CountingReader { inner: compressed, count: 0 });
        *self = match compression {
            Compression::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(input))),
            Compression::Bzip2 => Self::Bzip2(Box::new(MultiBzDecoder::new(input))),
        };
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::NotStarted(..) => Ok(0),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Bzip2(decoder) => decoder.read(buffer),
        }
    }

    /// How many bytes were read from the input.
    fn input_bytes(&self) -> u64 {
        match self {
            Self::NotStarted(..) => 0,
            Self::Gzip(decoder) => decoder.get_ref().get_ref().count,
            Self::Bzip2(decoder) => decoder.get_ref().get_ref().count,
        }
    }
}

impl<R: Read> Read for Decompressor<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoder.start();
        let count = self.decoder.read(buffer)?;
        self.output_bytes += count as u64;
        let limit =
            FREE_OUTPUT_BYTES.saturating_add(self.decoder.input_bytes().saturating_mul(MAX_EXPANSION));
        if self.output_bytes > limit {
            let message = format!("it unpacks to more than {MAX_EXPANSION} times its size");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(count)
    }
}

struct CountingReader<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for CountingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression as Level, write::GzEncoder};

    use super::*;

    fn gzip(content: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Level::best());
        content.for_each(|part| encoder.write_all(&part).unwrap());
        encoder.finish().unwrap()
    }

    fn gunzip(compressed: &[u8]) -> Decompressor<&[u8]> {
        Decompressor::new(Compression::Gzip, compressed)
    }

    #[test]
    fn all_gzip_members_are_decompressed_and_a_truncated_one_is_an_error() {
        let mut bytes = gzip(std::iter::once(b"one ".to_vec()));
        bytes.extend(gzip(std::iter::once(b"two".to_vec())));
        let mut text = String::new();
        gunzip(&bytes).read_to_string(&mut text).unwrap();
        assert_eq!(text, "one two");
        assert!(gunzip(&bytes[..bytes.len() - 5]).read_to_string(&mut text).is_err());
    }

    #[test]
    fn a_compression_bomb_is_refused() {
        let bomb = gzip(std::iter::repeat_n(vec![b' '; 1 << 20], 200));
        let result = io::copy(&mut gunzip(&bomb), &mut io::sink());
        assert!(result.unwrap_err().to_string().contains("more than 200 times its size"));
        let within_limit = gzip(std::iter::repeat_n(vec![b' '; 1 << 20], 64));
        assert_eq!(io::copy(&mut gunzip(&within_limit), &mut io::sink()).unwrap(), 64 << 20);
    }
}
