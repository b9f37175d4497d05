//! A body as it comes, from a sender that must not take for ever.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::time::{self, Instant};

use super::UploadError;

/// How long a sender may say nothing.
const PATIENCE: Duration = Duration::from_secs(60);
/// The slowest that a sender may be on the whole, beyond its first [`PATIENCE`], in bytes per second.
const SLOWEST: u64 = 16 * 1024;

/// A body that is being received.
pub(super) struct Incoming<'a> {
    body: &'a mut Body,
    begun: Instant,
    length: u64,
}

impl<'a> Incoming<'a> {
    /// The body of a request that has just come.
    pub(super) fn new(body: &'a mut Body) -> Self {
        Self { body, begun: Instant::now(), length: 0 }
    }

    /// Bytes that have come.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// What comes next; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, UploadError> {
        loop {
            let frame = time::timeout_at(self.deadline(), self.body.frame()).await;
            match frame.map_err(|_| UploadError::Stalled)?.transpose().map_err(|_| UploadError::Cut)? {
                None => return Ok(None),
                // Trailers do not concern us.
                Some(frame) => {
                    if let Ok(chunk) = frame.into_data() {
                        self.length += chunk.len() as u64;
                        return Ok(Some(chunk));
                    }
                }
            }
        }
    }

    fn deadline(&self) -> Instant {
        let in_all = self.begun + PATIENCE + Duration::from_secs(self.length / SLOWEST);
        in_all.min(Instant::now() + PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;

    use super::*;

    /// Receives chunks of `size` bytes, one each 40 seconds; how many came before the sender was given up.
    async fn received(size: usize, chunks: usize) -> Result<usize, usize> {
        let chunks = stream::unfold(chunks, move |left| async move {
            time::sleep_until(Instant::now() + Duration::from_secs(40)).await;
            (left > 0).then(|| (Ok::<_, Infallible>(Bytes::from(vec![0; size])), left - 1))
        });
        let mut body = Body::from_stream(chunks);
        let mut incoming = Incoming::new(&mut body);
        let mut count = 0;
        loop {
            match incoming.next().await {
                Ok(Some(_)) => count += 1,
                Ok(None) => return Ok(count),
                Err(error) => {
                    assert!(matches!(error, UploadError::Stalled));
                    return Err(count);
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_that_trickles_is_given_up_and_one_that_is_only_slow_is_not() {
        assert_eq!(received(1, 100).await, Err(1));
        assert_eq!(received(40 * 16 * 1024, 100).await, Ok(100));
    }
}
