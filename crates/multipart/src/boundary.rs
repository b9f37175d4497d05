//! The delimiter of a multipart body (RFC 2046, section 5.1.1).

use memchr::{memchr, memmem};

/// Longest boundary that the RFC allows.
const MAX_LENGTH: usize = 70;

/// Returns the boundary from the value of a `Content-Type` header; `None` unless it is a valid one of `multipart/form-data`.
pub fn boundary(value: &str) -> Option<String> {
    let (media_type, parameters) = value.split_once(';')?;
    if !media_type.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = crate::head::parameter(parameters, "boundary")?;
    let legal = |byte: u8| (b' '..=b'~').contains(&byte);
    let is_legal = !boundary.is_empty() && boundary.len() <= MAX_LENGTH && boundary.bytes().all(legal);
    is_legal.then_some(boundary)
}

/// Finds the line break, two dashes and boundary that end a part.
pub(crate) struct Delimiter(memmem::Finder<'static>);

impl Delimiter {
    pub(crate) fn new(boundary: &str) -> Self {
        Self(memmem::Finder::new(format!("\r\n--{boundary}").as_bytes()).into_owned())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.needle().len()
    }

    /// The position of the delimiter.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<usize> {
        self.0.find(bytes)
    }

    /// The number of bytes at the end that may be the beginning of a delimiter.
    pub(crate) fn partial_match_at_end(&self, bytes: &[u8]) -> usize {
        let needle = self.0.needle();
        let mut tail = &bytes[bytes.len().saturating_sub(needle.len() - 1)..];
        while let Some(at) = memchr(b'\r', tail) {
            tail = &tail[at..];
            if needle.starts_with(tail) {
                return tail.len();
            }
            tail = &tail[1..];
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_parsed_with_or_without_quotes() {
        for (value, boundary) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            ("Multipart/Form-Data;charset=utf-8; BOUNDARY=\"a b:c\"", Some("a b:c")),
            ("multipart/form-data; boundary=\"a\\\"b\"", Some("a\"b")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/mixed; boundary=abc", None),
            ("multipart/form-data; boundary=\"a\nb\"", None),
        ] {
            assert_eq!(super::boundary(value).as_deref(), boundary, "{value}");
        }
        assert_eq!(boundary(&format!("multipart/form-data; boundary={}", "b".repeat(71))), None);
    }

    #[test]
    fn a_partial_delimiter_at_the_end_is_found() {
        let delimiter = Delimiter::new("xx");
        for (bytes, begun) in [
            ("abc", 0),
            ("abc\r", 1),
            ("\r\n-", 3),
            ("\r\r\n--x", 5),
            ("\r\n\r\n", 2),
            ("\r\n-x", 0),
            ("", 0),
        ] {
            assert_eq!(delimiter.partial_match_at_end(bytes.as_bytes()), begun, "{bytes:?}");
        }
    }
}
