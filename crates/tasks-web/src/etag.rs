//! Entity tags (RFC 9110, 8.8.3).

use std::hash::{DefaultHasher, Hasher};

use axum::http::{HeaderMap, HeaderValue, header};

/// The strong entity tag of a document: a hash of its bytes, in hexadecimal digits.
///
/// It depends on the document alone, so it is the same after a restart and on another server. 64 bits are enough, since a client
/// compares two documents only.
pub(crate) fn of(document: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    hasher.write(document);
    let sum = hasher.finish();
    let mut text = [b'"'; 18];
    for (at, digit) in text[1..17].iter_mut().enumerate() {
        *digit = b"0123456789abcdef"[(sum >> (60 - 4 * at)) as usize & 15];
    }
    HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether `If-None-Match` contains the tag (RFC 9110, 13.1.2): the client has this document.
pub(crate) fn is_held(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let is_it = |held: &[u8]| held == b"*" || held.strip_prefix(b"W/").unwrap_or(held) == tag.as_bytes();
    let mut values = headers.get_all(header::IF_NONE_MATCH).iter();
    values.any(|value| value.as_bytes().split(|&byte| byte == b',').any(|held| is_it(held.trim_ascii())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_in_any_list_and_as_a_weak_one() {
        let tag = of(b"a document");
        let text = tag.to_str().expect("text");
        assert!(text.len() == 18 && text.starts_with('"') && text.ends_with('"'), "{text}");
        let held = |value: String| {
            let value = HeaderValue::from_str(&value).expect("a value");
            is_held(&HeaderMap::from_iter([(header::IF_NONE_MATCH, value)]), &tag)
        };
        for yes in [text.to_owned(), format!("W/{text}"), format!("\"x\" , {text}"), "*".to_owned()] {
            assert!(held(yes.clone()), "{yes}");
        }
        for no in [String::new(), "\"\"".to_owned(), text.trim_matches('"').to_owned(), "\"*\"".to_owned()] {
            assert!(!held(no.clone()), "{no}");
        }
        assert!(!is_held(&HeaderMap::new(), &tag));
    }

    #[test]
    fn a_byte_more_is_another_tag() {
        assert_ne!(of(b"a"), of(b"b"));
        assert_ne!(of(b""), of(b"\0"));
        assert_eq!(of(b"a"), of(b"a"));
    }
}
