//! The head of a CGI response, RFC 3875.

use std::io;

use axum::http::{HeaderValue, StatusCode};
use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest head, in bytes.
const MAX_HEAD: usize = 8 * 1024;

/// What a CGI program says before the body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CgiHead {
    pub(super) status: StatusCode,
    pub(super) content_type: Option<HeaderValue>,
}

impl CgiHead {
    /// Reads a head, and the beginning of the body with it. `None` if the program has ended without a complete head.
    pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<(Self, BytesMut)>> {
        let mut read = BytesMut::new();
        loop {
            if let Some((length, end)) = end_of_head(&read) {
                let head = read.split_to(end);
                let head = Self::parse(&head[..length]);
                return head.map(|head| Some((head, read))).ok_or_else(malformed);
            }
            if read.len() > MAX_HEAD {
                return Err(malformed());
            }
            if from.read_buf(&mut read).await? == 0 {
                return Ok(None);
            }
        }
    }

    fn parse(head: &[u8]) -> Option<Self> {
        let mut parsed = Self { status: StatusCode::OK, content_type: None };
        for line in std::str::from_utf8(head).ok()?.lines() {
            let (name, value) = line.split_once(':')?;
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "status" => {
                    let code = value.split(' ').next()?;
                    parsed.status = StatusCode::from_bytes(code.as_bytes()).ok()?;
                }
                "content-type" => parsed.content_type = Some(HeaderValue::from_str(value).ok()?),
                _ => {}
            }
        }
        Some(parsed)
    }
}

/// The length of the head without the empty line that ends it, and with it.
fn end_of_head(read: &[u8]) -> Option<(usize, usize)> {
    let ends = [&b"\r\n\r\n"[..], b"\n\n"].into_iter().filter_map(|end| {
        let at = memchr::memmem::find(read, end)?;
        Some((at, at + end.len()))
    });
    ends.min()
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the head of Git's response is malformed")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(mut response: &[u8]) -> io::Result<Option<(CgiHead, BytesMut)>> {
        CgiHead::read(&mut response).await
    }

    #[tokio::test]
    async fn a_head_is_read_up_to_the_body() {
        let response =
            b"Expires: Fri, 01 Jan 1980 00:00:00 GMT\r\nContent-Type: application/x-a\r\n\r\n001e\n\n";
        let (head, body) = read(response).await.unwrap().unwrap();
        assert_eq!(head.status, StatusCode::OK);
        assert_eq!(head.content_type.unwrap(), "application/x-a");
        assert_eq!(&body[..], b"001e\n\n");
        let (head, _) = read(b"Status: 403 Forbidden\n\n").await.unwrap().unwrap();
        assert_eq!((head.status, head.content_type), (StatusCode::FORBIDDEN, None));
    }

    #[tokio::test]
    async fn what_is_no_head_is_an_error_or_nothing() {
        assert!(read(b"").await.unwrap().is_none());
        assert!(read(b"Status: 200 OK\r\n").await.unwrap().is_none());
        assert!(read(b"no head\r\n\r\n").await.is_err());
        assert!(read(b"Status: many\r\n\r\n").await.is_err());
        assert!(read(&[b'a'; 2 * MAX_HEAD]).await.is_err());
    }
}
