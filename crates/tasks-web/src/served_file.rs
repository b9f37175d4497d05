//! Sends files, whole or in ranges (RFC 9110, 13 and 14).

use std::{
    fs::File,
    io::{self, Seek as _, SeekFrom},
    num::NonZeroUsize,
    ops::RangeInclusive,
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use http_range_header::parse_range_header_with_max_ranges;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use crate::etag;

/// How many bytes of a file are read at a time.
const CHUNK: usize = 64 * 1024;

/// An open file as the response to a request. It is sent to its end even if it is removed meanwhile.
#[derive(Debug)]
pub struct ServedFile {
    /// The file, open for reading.
    pub file: File,
    /// How many bytes it has.
    pub length: u64,
    /// `Content-Type`.
    pub media_type: HeaderValue,
    /// Its strong entity tag, with the quotes.
    pub tag: HeaderValue,
    /// When ranges of it are sent.
    pub ranges: Ranges,
}

/// When ranges of a file are sent, if a request asks for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranges {
    /// Always: the address has the same bytes forever.
    Always,
    /// Only if `If-Range` says which version of the file the client has, because the address may have another one later.
    IfRange,
}

/// What of the file is sent.
enum Selection {
    Whole,
    Range(RangeInclusive<u64>),
    Unsatisfiable,
}

impl ServedFile {
    /// 200 with the file, 206 with the range that a GET asks for, 304 if the client has the file, 416 for a range after its end.
    /// A request for several ranges gets the whole file. The app's router leaves the body out for a HEAD.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn respond(self, method: &Method, request: &HeaderMap) -> io::Result<Response> {
        let is_held = etag::is_held(request, &self.tag);
        let selection = if is_held { Selection::Whole } else { self.selection(method, request) };
        let mut headers = HeaderMap::new();
        headers.insert(header::ETAG, self.tag.clone());
        if self.ranges == Ranges::Always {
            headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        }
        if is_held {
            return Ok(response(StatusCode::NOT_MODIFIED, headers, Body::empty()));
        }
        let length = self.length;
        match selection {
            Selection::Whole => self.send(StatusCode::OK, headers, 0, length),
            Selection::Range(range) => {
                let (first, last) = (*range.start(), *range.end());
                insert_content_range(&mut headers, &format!("bytes {first}-{last}/{length}"));
                self.send(StatusCode::PARTIAL_CONTENT, headers, first, last - first + 1)
            }
            Selection::Unsatisfiable => {
                insert_content_range(&mut headers, &format!("bytes */{length}"));
                Ok(response(StatusCode::RANGE_NOT_SATISFIABLE, headers, Body::empty()))
            }
        }
    }

    /// What does not parse as ranges is ignored.
    fn selection(&self, method: &Method, request: &HeaderMap) -> Selection {
        let Some(range) = request.get(header::RANGE).filter(|_| method == Method::GET) else {
            return Selection::Whole;
        };
        let may_send_ranges = match request.get(header::IF_RANGE) {
            // Compared as strong tags; a date never matches.
            Some(version) => version == self.tag,
            None => self.ranges == Ranges::Always,
        };
        let parse = |range| parse_range_header_with_max_ranges(range, NonZeroUsize::MIN).ok();
        match range.to_str().ok().and_then(parse).filter(|_| may_send_ranges) {
            None => Selection::Whole,
            Some(parsed) => match parsed.validate(self.length) {
                Ok(ranges) => ranges.into_iter().next().map_or(Selection::Unsatisfiable, Selection::Range),
                Err(_) => Selection::Unsatisfiable,
            },
        }
    }

    fn send(
        mut self,
        status: StatusCode,
        mut headers: HeaderMap,
        first: u64,
        length: u64,
    ) -> io::Result<Response> {
        self.file.seek(SeekFrom::Start(first))?;
        headers.insert(header::CONTENT_TYPE, self.media_type);
        headers.insert(header::CONTENT_LENGTH, length.into());
        // If the file is shorter than its length says, the connection is aborted, and the client notices.
        let bytes = tokio::fs::File::from_std(self.file).take(length);
        Ok(response(status, headers, Body::from_stream(ReaderStream::with_capacity(bytes, CHUNK))))
    }
}

fn response(status: StatusCode, mut headers: HeaderMap, body: Body) -> Response {
    // A browser must not take a file that was made from foreign data for a page.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn insert_content_range(headers: &mut HeaderMap, value: &str) {
    headers.extend(HeaderValue::from_str(value).ok().map(|value| (header::CONTENT_RANGE, value)));
}
