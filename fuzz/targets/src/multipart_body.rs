//! Parses arbitrary bytes as a form, in chunks of arbitrary sizes.

use arbitrary::Unstructured;
use bytes::Bytes;
use longhaul_multipart::{Head, Malformed, Parts, Piece, boundary};

/// The first byte determines the sizes of the chunks; then follow the `Content-Type`, a line break and the body.
pub(crate) fn run(data: &[u8]) {
    let Some((cuts, rest)) = data.split_first() else { return };
    let Some(at) = rest.iter().position(|byte| *byte == b'\n') else { return };
    let Some(boundary) = boundary(&String::from_utf8_lossy(&rest[..at])) else { return };
    assert!((1..=70).contains(&boundary.len()));
    let body = &rest[at + 1..];
    let whole = parts(&boundary, body, std::iter::once(body.len().max(1)));
    let mut sizes = Unstructured::new(body);
    let most = usize::from(*cuts % 64) + 1;
    let cut =
        parts(&boundary, body, std::iter::from_fn(|| Some(sizes.int_in_range(1..=most).unwrap_or(1).max(1))));
    assert_eq!(whole, cut, "a form is the same however it is cut");
    if let Ok(whole) = whole {
        let bytes: usize = whole.iter().map(|(_, content)| content.len()).sum();
        assert!(bytes < body.len(), "a form holds less than its body");
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let head = "Content-Disposition: form-data; name=\"layer\"\r\n\r\n";
    let file = "Content-Type: a/b\r\ncontent-disposition: form-data; filename=\"a\\\"b.gpkg\"; name=fileUpload\r\n\r\n";
    let form = format!(
        "before\r\n--xyz\r\n{head}roads\r\n--xyz \t\r\n{file}\r\n--xy\r\n\r\n--xyz\r\n{head}\r\n--xyz--\r\nafter"
    );
    let many = format!("{}--xyz--", format!("--xyz\r\n{head}\r\n").repeat(70));
    [1, 7, 63]
        .iter()
        .flat_map(|cuts| {
            [&form, &many, "--xyz--", ""].map(|body| {
                [&[*cuts], "multipart/form-data; boundary=\"xyz\"\n".as_bytes(), body.as_bytes()].concat()
            })
        })
        .collect()
}

/// The parts with their content, of a body in chunks of these sizes.
fn parts(
    boundary: &str,
    mut body: &[u8],
    mut sizes: impl Iterator<Item = usize>,
) -> Result<Vec<(Head, Vec<u8>)>, Malformed> {
    let mut parts = Parts::new(boundary);
    let mut whole: Vec<(Head, Vec<u8>)> = Vec::new();
    let mut is_open = false;
    let mut pieces = Vec::new();
    while let Some(size) = sizes.next().filter(|_| !body.is_empty()) {
        let (chunk, rest) = body.split_at(size.min(body.len()));
        body = rest;
        parts.push(Bytes::copy_from_slice(chunk), &mut pieces)?;
        for piece in pieces.drain(..) {
            match piece {
                Piece::Begin(head) => {
                    assert!(
                        !std::mem::replace(&mut is_open, true),
                        "a part begins behind the end of the last"
                    );
                    whole.push((head, Vec::new()));
                }
                Piece::Content(bytes) => {
                    whole.last_mut().expect("content is of a part").1.extend_from_slice(&bytes)
                }
                Piece::End => assert!(std::mem::replace(&mut is_open, false), "only what has begun ends"),
            }
        }
    }
    parts.finish().map(|()| whole)
}
