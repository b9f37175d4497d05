//! The parser.

use bytes::{Buf, Bytes, BytesMut};

use crate::{Head, boundary::Delimiter};

/// Longest head of a part in bytes.
const MAX_HEAD: usize = 8 * 1024;
/// Most parts of a body; forms have a dozen fields.
const MAX_PARTS: usize = 64;

/// An event of the parser.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// The head of a part.
    Begin(Head),
    /// Some content of the part, as it was pushed.
    Content(Bytes),
    /// The end of the part.
    End,
}

/// The body is invalid, or exceeds a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The head of a part does not name a field.
    #[error("a part of the form does not say which field it is")]
    Head,
    /// The head of a part is too long.
    #[error("the head of a part of the form is too long")]
    LongHead,
    /// There are too many parts.
    #[error("the form has too many parts")]
    ManyParts,
    /// A boundary is not followed by a line break.
    #[error("a boundary of the form is not followed by a line break")]
    Boundary,
    /// The body ends before its last boundary.
    #[error("the form ends before its last boundary")]
    Unfinished,
}

/// The parser. It buffers at most the head of a part or the beginning of a delimiter; content is passed on without a copy.
pub struct Parts {
    delimiter: Delimiter,
    state: State,
    /// Bytes that cannot be classified yet.
    held: BytesMut,
    parts: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first delimiter.
    Preamble,
    /// After a delimiter: two dashes mean that it was the last, a line break that a part follows.
    Delimited,
    Head,
    Content,
    /// After the last delimiter; the rest is ignored.
    Epilogue,
}

impl Parts {
    /// A parser for a body with this [boundary](crate::boundary()).
    pub fn new(boundary: &str) -> Self {
        // The first delimiter may be at the beginning of the body, without its line break.
        let held = BytesMut::from(&b"\r\n"[..]);
        Self { delimiter: Delimiter::new(boundary), state: State::Preamble, held, parts: 0 }
    }

    /// Parses the next chunk of the body and appends its pieces to `pieces`.
    ///
    /// # Errors
    /// If the body is invalid or exceeds a limit. Nothing may be pushed after an error.
    pub fn push(&mut self, mut chunk: Bytes, pieces: &mut Vec<Piece>) -> Result<(), Malformed> {
        while !chunk.is_empty() {
            chunk = match self.state {
                State::Preamble | State::Content => self.content(chunk, pieces),
                State::Delimited => self.delimited(chunk)?,
                State::Head => self.head(chunk, pieces)?,
                State::Epilogue => Bytes::new(),
            };
        }
        Ok(())
    }

    /// Checks that the body is complete.
    ///
    /// # Errors
    /// If its last boundary is missing.
    pub fn finish(&self) -> Result<(), Malformed> {
        if self.state == State::Epilogue { Ok(()) } else { Err(Malformed::Unfinished) }
    }

    /// Looks for the delimiter and returns the bytes after it.
    fn content(&mut self, mut chunk: Bytes, pieces: &mut Vec<Piece>) -> Bytes {
        if !self.held.is_empty() {
            // Just enough to decide whether the held bytes begin a delimiter.
            let more = chunk.len().min(self.delimiter.len() - 1);
            let held = self.held.len();
            self.held.extend_from_slice(&chunk[..more]);
            if let Some(at) = self.delimiter.find(&self.held) {
                let after = at + self.delimiter.len() - held;
                let content = self.held.split().freeze().slice(..at);
                self.pass_on(content, pieces);
                return self.end(chunk.slice(after..), pieces);
            }
            if more == chunk.len() {
                let certain = self.held.len() - self.delimiter.partial_match_at_end(&self.held);
                let content = self.held.split_to(certain).freeze();
                self.pass_on(content, pieces);
                return Bytes::new();
            }
            self.held.truncate(held);
            let content = self.held.split().freeze();
            self.pass_on(content, pieces);
        }
        if let Some(at) = self.delimiter.find(&chunk) {
            let content = chunk.split_to(at);
            self.pass_on(content, pieces);
            return self.end(chunk.slice(self.delimiter.len()..), pieces);
        }
        let partial = chunk.split_off(chunk.len() - self.delimiter.partial_match_at_end(&chunk));
        self.held.extend_from_slice(&partial);
        self.pass_on(chunk, pieces);
        Bytes::new()
    }

    fn pass_on(&self, content: Bytes, pieces: &mut Vec<Piece>) {
        if self.state == State::Content && !content.is_empty() {
            pieces.push(Piece::Content(content));
        }
    }

    fn end(&mut self, after: Bytes, pieces: &mut Vec<Piece>) -> Bytes {
        if self.state == State::Content {
            pieces.push(Piece::End);
        }
        self.state = State::Delimited;
        after
    }

    fn delimited(&mut self, mut chunk: Bytes) -> Result<Bytes, Malformed> {
        while !chunk.is_empty() && self.state == State::Delimited {
            self.held.extend_from_slice(&chunk.split_to(1));
            // Blanks are allowed between the boundary and its line break.
            let line = self.held.trim_ascii_start();
            match line {
                b"--" => self.state = State::Epilogue,
                _ if self.held.ends_with(b"\r\n") => self.state = State::Head,
                b"" | b"-" if self.held.len() < 64 => {}
                _ => return Err(Malformed::Boundary),
            }
        }
        if self.state == State::Head {
            self.parts += 1;
            // Keeps the line break, so that an empty head ends like any other.
            self.held = BytesMut::from(&b"\r\n"[..]);
        }
        match self.parts {
            ..=MAX_PARTS => Ok(chunk),
            _ => Err(Malformed::ManyParts),
        }
    }

    fn head(&mut self, mut chunk: Bytes, pieces: &mut Vec<Piece>) -> Result<Bytes, Malformed> {
        const END: &[u8] = b"\r\n\r\n";
        let before = self.held.len();
        let more = chunk.len().min(MAX_HEAD + END.len());
        self.held.extend_from_slice(&chunk[..more]);
        let looked_at = before.saturating_sub(END.len() - 1);
        match memchr::memmem::find(&self.held[looked_at..], END) {
            Some(at) => {
                let lines = self.held.split_to(looked_at + at);
                chunk.advance(lines.len() + END.len() - before);
                self.held.clear();
                self.state = State::Content;
                pieces.push(Piece::Begin(Head::parse(&lines).ok_or(Malformed::Head)?));
                Ok(chunk)
            }
            None if self.held.len() > MAX_HEAD => Err(Malformed::LongHead),
            None => Ok(Bytes::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"to be ignored\r\n--xyz\r\nContent-Disposition: form-data; name=\"layer\"\r\n\r\nroads\r\n\
        --xyz \t\r\nContent-Type: a/b\r\nContent-Disposition: form-data; name=\"fileUpload\"; filename=\"r.gpkg\"\r\n\r\n\
        \r\n--xy\r\r\n\r\n--x\r\n--xyz\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--xyz--\r\nto be ignored, too";

    /// The parts with their content, of a body that comes in chunks of `size` bytes.
    fn parts(boundary: &str, body: &[u8], size: usize) -> Result<Vec<(Head, Vec<u8>)>, Malformed> {
        let mut parts = Parts::new(boundary);
        let mut whole: Vec<(Head, Vec<u8>)> = Vec::new();
        let mut open = false;
        let mut pieces = Vec::new();
        for chunk in body.chunks(size) {
            parts.push(Bytes::copy_from_slice(chunk), &mut pieces)?;
            for piece in pieces.drain(..) {
                match piece {
                    Piece::Begin(head) => {
                        assert!(!std::mem::replace(&mut open, true));
                        whole.push((head, Vec::new()));
                    }
                    Piece::Content(bytes) => whole.last_mut().unwrap().1.extend_from_slice(&bytes),
                    Piece::End => assert!(std::mem::replace(&mut open, false)),
                }
            }
        }
        parts.finish().map(|()| whole)
    }

    fn named(name: &str, file_name: Option<&str>) -> Head {
        Head { name: name.into(), file_name: file_name.map(Into::into) }
    }

    #[test]
    fn the_size_of_chunks_does_not_matter() {
        let expected = vec![
            (named("layer", None), b"roads".to_vec()),
            (named("fileUpload", Some("r.gpkg")), b"\r\n--xy\r\r\n\r\n--x".to_vec()),
            (named("empty", None), Vec::new()),
        ];
        for size in 1..=BODY.len() {
            assert_eq!(parts("xyz", BODY, size), Ok(expected.clone()), "chunks of {size}");
        }
    }

    #[test]
    fn a_body_may_begin_with_its_boundary() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--";
        for size in 1..=body.len() {
            assert_eq!(parts("b", body, size), Ok(vec![(named("a", None), b"1".to_vec())]));
        }
    }

    #[test]
    fn a_truncated_body_is_an_error() {
        let whole = BODY.windows(7).position(|window| window == b"--xyz--").unwrap() + 7;
        for len in 0..whole {
            assert_eq!(parts("xyz", &BODY[..len], 5), Err(Malformed::Unfinished), "cut after {len}");
        }
    }

    #[test]
    fn an_invalid_form_is_refused() {
        let head = |lines: &str| format!("--b\r\n{lines}\r\n\r\n1\r\n--b--").into_bytes();
        assert_eq!(parts("b", &head("Content-Type: text/plain"), 9), Err(Malformed::Head));
        assert_eq!(parts("b", &head(&"x".repeat(9000)), 9), Err(Malformed::LongHead));
        assert_eq!(parts("b", &head(&"x".repeat(90_000)), 90_000), Err(Malformed::LongHead));
        assert_eq!(parts("b", b"--bXYZ\r\n", 9), Err(Malformed::Boundary));
        assert_eq!(parts("b", &[b"--b".as_slice(), &[b' '; 100]].concat(), 9), Err(Malformed::Boundary));
        assert_eq!(parts("b", b"", 9), Err(Malformed::Unfinished));
        let many = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n".repeat(65) + "--b--";
        assert_eq!(parts("b", many.as_bytes(), 1000), Err(Malformed::ManyParts));
    }

    #[test]
    fn chunks_of_a_file_are_passed_on_without_a_copy() {
        let mut parts = Parts::new("b");
        let mut pieces = Vec::new();
        let head = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";
        parts.push(Bytes::from(head), &mut pieces).unwrap();
        pieces.clear();
        let chunk = Bytes::from(vec![b'x'; 100_000]);
        parts.push(chunk.clone(), &mut pieces).unwrap();
        let [Piece::Content(passed)] = pieces.as_slice() else { panic!("{pieces:?}") };
        assert_eq!(passed.as_ptr_range(), chunk.as_ptr_range());
    }
}
