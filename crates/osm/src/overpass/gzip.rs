//! Takes gzip apart, and does not let a small answer become an endless one.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

/// What comes out beyond this may be at most ...
const FREE: u64 = 64 << 20;
/// ... so many times what goes in. OSM's XML shrinks to a tenth or a twentieth; nothing honest comes near.
const MOST_TIMES: u64 = 200;

/// Decodes what `R` gives.
pub(super) struct GzipReader<R> {
    state: State<R>,
    out: u64,
}

/// The decoder begins to read when it is made, and that may block: so it is made when somebody wants to read.
enum State<R> {
    New(Option<R>),
    Begun(Box<MultiGzDecoder<Counted<R>>>),
}

struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> GzipReader<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { state: State::New(Some(inner)), out: 0 }
    }
}

impl<R: Read> Read for GzipReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let State::New(inner) = &mut self.state
            && let Some(inner) = inner.take()
        {
            self.state = State::Begun(Box::new(MultiGzDecoder::new(Counted { inner, count: 0 })));
        }
        let State::Begun(decoder) = &mut self.state else { return Ok(0) };
        let count = decoder.read(buffer)?;
        self.out += count as u64;
        let most = FREE.saturating_add(decoder.get_ref().count.saturating_mul(MOST_TIMES));
        if self.out > most {
            return Err(io::Error::other("the answer is packed so densely that it must be meant to do harm"));
        }
        Ok(count)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(content: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        content.for_each(|part| encoder.write_all(&part).unwrap());
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_packed_comes_out_even_in_several_members() {
        let mut bytes = packed(std::iter::once(b"one ".to_vec()));
        bytes.extend(packed(std::iter::once(b"two".to_vec())));
        let mut text = String::new();
        GzipReader::new(&bytes[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "one two");
        let cut = &bytes[..bytes.len() - 5];
        assert!(GzipReader::new(cut).read_to_string(&mut text).is_err());
    }

    #[test]
    fn an_answer_that_would_never_end_is_broken_off() {
        let bomb = packed(std::iter::repeat_n(vec![b' '; 1 << 20], 512));
        let ended = io::copy(&mut GzipReader::new(&bomb[..]), &mut io::sink());
        assert!(ended.unwrap_err().to_string().contains("packed so densely"));
        let honest = packed(std::iter::repeat_n(vec![b' '; 1 << 20], 64));
        assert_eq!(io::copy(&mut GzipReader::new(&honest[..]), &mut io::sink()).unwrap(), 64 << 20);
    }
}
