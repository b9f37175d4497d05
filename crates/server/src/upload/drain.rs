use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::time;

/// Reads and discards the rest of a request body, up to a limit of bytes and time. Many clients read the response only after
/// they have sent the whole body; closing the connection earlier would discard the response.
pub(crate) async fn drain_body(headers: &HeaderMap, mut body: Body) {
    const MAX_LENGTH: usize = 64 << 20;
    const TIMEOUT: Duration = Duration::from_secs(5);
    if expects_continue(headers) {
        return;
    }
    let read = async {
        let mut length = 0;
        while let Some(Ok(frame)) = body.frame().await {
            length += frame.data_ref().map_or(0, Bytes::len);
            if length > MAX_LENGTH {
                return;
            }
        }
    };
    let _ = time::timeout(TIMEOUT, read).await;
}

/// Whether the client sends its body only after the response `100 Continue`.
fn expects_continue(headers: &HeaderMap) -> bool {
    headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}
