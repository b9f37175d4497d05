//! What clients may keep of a file, and under which conditions.

use axum::http::{HeaderMap, HeaderValue, header};
use longhaul_tasks_web::Ranges;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::address::FileAddress;
use crate::web::ogc::Snapshot;

/// What RFC 8187 lets stand in an extended value, among what is no letter and no digit.
const EXTENDED_VALUE: AsciiSet = NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

/// What stands for itself in a path, among what is no letter and no digit.
const PATH: AsciiSet = NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~').remove(b'/');

/// An address with the id of a commit has the same bytes forever. One with a branch has not, and a client that reads it in ranges
/// would mix two versions.
pub(super) fn ranges(snapshot: &Snapshot) -> Ranges {
    if snapshot.is_permanent() { Ranges::Always } else { Ranges::IfRange }
}

pub(super) fn add_headers(headers: &mut HeaderMap, address: &FileAddress, snapshot: &Snapshot) {
    let is_permanent = snapshot.is_permanent();
    let caching = if is_permanent { "private, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.append(header::VARY, HeaderValue::from_static("Accept, Authorization"));
    headers.entry(header::CONTENT_TYPE).or_insert_with(|| address.media_type());
    let name = format!("{}.{}", address.file_stem(snapshot), address.format.name());
    headers.extend(disposition(&name).map(|value| (header::CONTENT_DISPOSITION, value)));
    if !is_permanent {
        // Where the same bytes are later, too.
        let path = snapshot.path();
        let path = utf8_percent_encode(&path, &PATH);
        let permanent = format!("{}/{path}", snapshot.permanent_base);
        let permanent = HeaderValue::try_from(permanent).ok();
        headers.extend(permanent.map(|value| (header::CONTENT_LOCATION, value)));
    }
}

/// `Content-Disposition` (RFC 6266): a name in ASCII for old clients, and the whole one.
fn disposition(name: &str) -> Option<HeaderValue> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    let ascii: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let extended = utf8_percent_encode(name, &EXTENDED_VALUE);
    HeaderValue::try_from(format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{extended}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_given_in_two_ways() {
        let value = disposition("straße \"a\".fgb").unwrap();
        assert_eq!(
            value.to_str().unwrap(),
            "attachment; filename=\"stra_e _a_.fgb\"; filename*=UTF-8''stra%C3%9Fe%20%22a%22.fgb"
        );
    }
}
