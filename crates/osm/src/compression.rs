//! Files and HTTP bodies that are compressed as a whole, read with a limit on how much they may expand.

use std::{
    io::{self, BufRead, BufReader, Read},
    sync::Arc,
};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;

use crate::error_context::PackedProgress;

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

    /// The first byte of every gzip member or bzip2 stream.
    fn first_byte(self) -> u8 {
        match self {
            Self::Gzip => 0x1F,
            Self::Bzip2 => b'B',
        }
    }
}

/// Reads the decompressed form of what `R` yields: all gzip members or bzip2 streams, one after the other. Zeros between
/// and after them are skipped, as by gzip: some media are filled up with them.
pub(crate) struct Decompressor<R> {
    compression: Compression,
    decoder: Decoder<R>,
    has_begun: bool,
    output_bytes: u64,
    progress: Arc<PackedProgress>,
}

type Input<R> = BufReader<CountingReader<R>>;

/// What decodes the current gzip member or bzip2 stream.
enum Decoder<R> {
    /// Between two of them. A gzip decoder reads from its input when it is created, and that may block. So it is created
    /// by a read.
    None(Input<R>),
    Gzip(Box<GzDecoder<Input<R>>>),
    Bzip2(Box<BzDecoder<Input<R>>>),
    /// A decoder is being replaced.
    Moved,
}

impl<R: Read> Decompressor<R> {
    pub(crate) fn new(compression: Compression, compressed: R) -> Self {
        let input = BufReader::with_capacity(BUFFER_BYTES, CountingReader { inner: compressed, count: 0 });
        Self {
            compression,
            decoder: Decoder::None(input),
            has_begun: false,
            output_bytes: 0,
            progress: Arc::default(),
        }
    }

    /// How far the input has been decompressed.
    pub(crate) fn progress(&self) -> Arc<PackedProgress> {
        self.progress.clone()
    }

    fn read_decoded(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Decoder::None(input) = &mut self.decoder
                && !begins(self.compression, input, self.has_begun)?
            {
                return Ok(0);
            }
            self.has_begun = true;
            self.decoder.start(self.compression);
            let count = self.decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.decoder.end();
        }
    }
}

/// Whether another gzip member or bzip2 stream begins, after zeros if it is not the first. `false` at the end.
fn begins(compression: Compression, input: &mut impl BufRead, is_later: bool) -> io::Result<bool> {
    loop {
        let bytes = input.fill_buf()?;
        let zeros = if is_later { bytes.iter().take_while(|byte| **byte == 0).count() } else { 0 };
        match bytes.get(zeros) {
            None if bytes.is_empty() => return Ok(false),
            None => input.consume(zeros),
            Some(first) if !is_later || *first == compression.first_byte() => {
                input.consume(zeros);
                return Ok(true);
            }
            Some(_) => {
                input.consume(zeros);
                let message = "something that is not packed follows the packed data";
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        }
    }
}

impl<R: Read> Decoder<R> {
    fn start(&mut self, compression: Compression) {
        *self = match (std::mem::replace(self, Self::Moved), compression) {
            (Self::None(input), Compression::Gzip) => Self::Gzip(Box::new(GzDecoder::new(input))),
            (Self::None(input), Compression::Bzip2) => Self::Bzip2(Box::new(BzDecoder::new(input))),
            (running, _) => running,
        };
    }

    /// Ends the current gzip member or bzip2 stream.
    fn end(&mut self) {
        *self = match std::mem::replace(self, Self::Moved) {
            Self::Gzip(decoder) => Self::None(decoder.into_inner()),
            Self::Bzip2(decoder) => Self::None(decoder.into_inner()),
            other => other,
        };
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::None(_) | Self::Moved => Ok(0),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Bzip2(decoder) => decoder.read(buffer),
        }
    }

    /// How many bytes were decompressed.
    fn input_bytes(&self) -> u64 {
        let input = match self {
            Self::None(input) => input,
            Self::Gzip(decoder) => decoder.get_ref(),
            Self::Bzip2(decoder) => decoder.get_ref(),
            Self::Moved => return 0,
        };
        input.get_ref().count - input.buffer().len() as u64
    }
}

impl<R: Read> Read for Decompressor<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.read_decoded(buffer);
        let input_bytes = self.decoder.input_bytes();
        self.progress.set(input_bytes);
        let count = result.inspect_err(|_| self.progress.fail())?;
        self.output_bytes += count as u64;
        let limit = FREE_OUTPUT_BYTES.saturating_add(input_bytes.saturating_mul(MAX_EXPANSION));
        if self.output_bytes > limit {
            self.progress.fail();
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
    fn zeros_between_and_after_members_are_skipped_and_other_bytes_are_an_error() {
        let [one, two] = [b"one ", b"two "].map(|text| gzip(std::iter::once(text.to_vec())));
        let zeros = vec![0; BUFFER_BYTES + 100];
        let mut text = String::new();
        gunzip(&[&one[..], &zeros, &two, &zeros].concat()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "one two ");
        for garbage in [&b"x"[..], b"\0\0x", b"\x1F garbage"] {
            let bytes = [&one[..], garbage].concat();
            let mut decompressor = gunzip(&bytes);
            assert!(decompressor.read_to_string(&mut text).is_err(), "{garbage:?}");
        }
        assert!(gunzip(&[&zeros[..], &one].concat()).read_to_string(&mut text).is_err(), "zeros before");
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
