//! `Idempotency-Key`, as in the draft of the IETF's HTTP API group: a client that did not receive the response sends the request
//! again with the same key, and gets the first response instead of a second task.

use std::fmt::Write as _;

use axum::http::request::Parts;
use longhaul_tasks::Idempotency;
use sha2::{Digest, Sha256};

use crate::ApiError;

/// The longest key, in bytes.
const MAX_LENGTH: usize = 255;

/// Whether the request has a key at all.
pub fn has_idempotency_key(request: &Parts) -> bool {
    request.headers.contains_key(KEY)
}

/// The key of a request, with a fingerprint of its method, path, parameters, and the SHA-256 of the file that it uploads. The
/// format of the response and the order of the parameters do not count. `None` for a request without a key.
///
/// The path must be the one behind the [`FormatLayer`](crate::FormatLayer), without suffix and slash.
///
/// # Errors
/// 400 if the key is empty, too long, given twice, or has other characters than visible ASCII.
pub fn idempotency<'a>(
    request: &Parts,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    file: Option<[u8; 32]>,
) -> Result<Option<Idempotency>, ApiError> {
    let mut keys = request.headers.get_all(KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let key = key.to_str().ok().map(unquoted).filter(|key| is_key(key) && keys.next().is_none());
    let key = key.ok_or_else(|| {
        ApiError::bad_request(format!(
            "Idempotency-Key must be one text of 1 to {MAX_LENGTH} visible characters."
        ))
    })?;
    Ok(Some(Idempotency { key: key.to_owned(), fingerprint: fingerprint(request, parameters, file) }))
}

const KEY: &str = "idempotency-key";

fn is_key(key: &str) -> bool {
    (1..=MAX_LENGTH).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The draft has it in quotes; most clients leave them out.
fn unquoted(key: &str) -> &str {
    let key = key.trim();
    key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key)
}

fn fingerprint<'a>(
    request: &Parts,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    file: Option<[u8; 32]>,
) -> String {
    let mut parameters: Vec<_> =
        parameters.into_iter().filter(|(name, _)| !is_about_the_response(name)).collect();
    parameters.sort_unstable();
    let mut sum = Sha256::new();
    let texts = parameters.iter().flat_map(|(name, value)| [*name, *value]);
    for text in [request.method.as_str(), request.uri.path()].into_iter().chain(texts) {
        // With its length before it, no text can pass for two others.
        sum.update((text.len() as u64).to_le_bytes());
        sum.update(text);
    }
    if let Some(file) = file {
        sum.update([1]);
        sum.update(file);
    }
    sum.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn is_about_the_response(name: &str) -> bool {
    matches!(name, "output_format" | "verbose")
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn of(key: &str, method: &str, uri: &str, parameters: &[(&str, &str)], file: Option<u8>) -> Idempotency {
        let request =
            Request::builder().method(method).uri(uri).header(KEY, key).body(()).expect("a request");
        let (mut request, ()) = request.into_parts();
        crate::format_layer::strip_suffix(&mut request.uri);
        let found = idempotency(&request, parameters.iter().copied(), file.map(|byte| [byte; 32]));
        found.expect("a key").expect("a key")
    }

    #[test]
    fn the_same_request_has_the_same_fingerprint_in_any_format_and_order() {
        let one = of("k", "POST", "/r/import", &[("a", "1"), ("b", "2")], Some(7));
        let parameters = [("verbose", "true"), ("b", "2"), ("output_format", "json"), ("a", "1")];
        assert_eq!(of("\"k\"", "POST", "/r/import.json/", &parameters, Some(7)), one);
    }

    #[test]
    fn whatever_differs_shows() {
        let fingerprints = [
            of("k", "POST", "/r", &[("a", "b"), ("c", "d")], Some(7)),
            of("k", "PUT", "/r", &[("a", "b"), ("c", "d")], Some(7)),
            of("k", "POST", "/s", &[("a", "b"), ("c", "d")], Some(7)),
            of("k", "POST", "/r", &[("a", "bc"), ("", "d")], Some(7)),
            of("k", "POST", "/r", &[("a", "b")], Some(7)),
            of("k", "POST", "/r", &[("a", "b"), ("c", "d")], Some(8)),
            of("k", "POST", "/r", &[("a", "b"), ("c", "d")], None),
        ];
        let mut different: Vec<_> = fingerprints.iter().map(|one| &one.fingerprint).collect();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), fingerprints.len());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let with = |keys: &[&str]| {
            let request = keys.iter().fold(Request::builder(), |request, key| request.header(KEY, *key));
            idempotency(&request.body(()).expect("a request").into_parts().0, [], None)
        };
        assert_eq!(with(&[]), Ok(None));
        assert!(with(&[&"k".repeat(255)]).is_ok());
        for bad in [&[""][..], &["a b"], &["a", "a"], &["\"\""], &[&"k".repeat(256)]] {
            assert!(with(bad).is_err(), "{bad:?}");
        }
    }
}
