//! The text fields at the beginning of a multipart form, before its file.

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};
use longhaul_tasks_web::ApiError;

/// The most bytes that are looked at. A field that begins later is not found.
const MOST: usize = 8 * 1024;

/// Reads the text fields before the first file, and returns them with a body that still has everything.
///
/// # Errors
/// 400 if the body breaks off.
pub(super) async fn leading_fields(
    body: Body,
    boundary: &str,
) -> Result<(Vec<(String, String)>, Body), ApiError> {
    let mut stream = body.into_data_stream();
    let mut chunks: Vec<Bytes> = Vec::new();
    let mut seen = Vec::new();
    while seen.len() < MOST && !has_reached_file(&seen) {
        let Some(chunk) = stream.next().await else { break };
        let chunk = chunk.map_err(|_| ApiError::bad_request("The body of the request breaks off."))?;
        seen.extend_from_slice(&chunk[..chunk.len().min(MOST)]);
        chunks.push(chunk);
    }
    let fields = fields(&seen, boundary);
    let read = stream::iter(chunks.into_iter().map(Ok));
    Ok((fields, Body::from_stream(read.chain(stream))))
}

fn has_reached_file(seen: &[u8]) -> bool {
    memchr::memmem::find(seen, b"filename")
        .is_some_and(|at| memchr::memmem::find(&seen[at..], b"\r\n\r\n").is_some())
}

/// The complete fields (RFC 7578) up to the first file.
fn fields(seen: &[u8], boundary: &str) -> Vec<(String, String)> {
    let delimiter = format!("--{boundary}\r\n");
    let end = format!("\r\n--{boundary}");
    let mut fields = Vec::new();
    let Some(mut rest) = seen.strip_prefix(delimiter.as_bytes()) else { return fields };
    while let Some(head_end) = memchr::memmem::find(rest, b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&rest[..head_end]);
        let value = &rest[head_end + 4..];
        let (Some(length), false) = (memchr::memmem::find(value, end.as_bytes()), head.contains("filename"))
        else {
            break;
        };
        let name = head.split_once(" name=\"").and_then(|(_, name)| name.split_once('"'));
        if let Some((name, _)) = name {
            fields.push((name.to_owned(), String::from_utf8_lossy(&value[..length]).into_owned()));
        }
        rest = value[length + end.len()..].strip_prefix(b"\r\n").unwrap_or_default();
    }
    fields
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn form() -> Vec<u8> {
        let field = |name: &str, value: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nabc\r\n";
        format!("{}{}{file}{}--b--\r\n", field("csrf", "t"), field("repository", "a"), field("late", "1"))
            .into_bytes()
    }

    #[tokio::test]
    async fn fields_before_the_file_are_read_and_nothing_is_lost() {
        for size in [1, 7, 1000] {
            let chunks: Vec<_> = form()
                .chunks(size)
                .map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk)))
                .collect();
            let body = Body::from_stream(stream::iter(chunks));
            let (fields, body) = leading_fields(body, "b").await.unwrap();
            let expected =
                [("csrf", "t"), ("repository", "a")].map(|(name, value)| (name.into(), value.into()));
            assert_eq!(fields, expected);
            assert_eq!(body.collect().await.unwrap().to_bytes(), form());
        }
    }

    #[tokio::test]
    async fn what_is_no_form_has_no_fields() {
        for bytes in [&b""[..], b"--b", b"--b\r\nx", &[b'a'; 20_000]] {
            let (fields, body) = leading_fields(Body::from(bytes.to_vec()), "b").await.unwrap();
            assert!(fields.is_empty());
            assert_eq!(body.collect().await.unwrap().to_bytes(), bytes);
        }
    }
}
