//! Reads a request body, and gives up on a client that sends too slowly.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::time::{self, Instant};

use super::UploadError;

/// Longest pause between two chunks.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Lowest average rate after the first [`IDLE_TIMEOUT`], in bytes per second.
const MIN_RATE: u64 = 16 * 1024;

/// A body that is being received.
pub(crate) struct TimedBody<'a> {
    body: &'a mut Body,
    started: Instant,
    length: u64,
}

impl<'a> TimedBody<'a> {
    /// The body of a request whose head was just received.
    pub(crate) fn new(body: &'a mut Body) -> Self {
        Self { body, started: Instant::now(), length: 0 }
    }

    /// Bytes received so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The next chunk; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, UploadError> {
        loop {
            let frame = time::timeout_at(self.deadline(), self.body.frame()).await;
            match frame.map_err(|_| UploadError::Stalled)?.transpose().map_err(|_| UploadError::Cut)? {
                None => return Ok(None),
                // Trailers are ignored.
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
        let overall = self.started + IDLE_TIMEOUT + Duration::from_secs(self.length / MIN_RATE);
        overall.min(Instant::now() + IDLE_TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;

    use super::*;

    /// Receives `chunks` chunks of `size` bytes, one every 40 seconds; returns how many were received, as an error on a timeout.
    async fn received(size: usize, chunks: usize) -> Result<usize, usize> {
        let chunks = stream::unfold(chunks, move |left| async move {
            time::sleep_until(Instant::now() + Duration::from_secs(40)).await;
            (left > 0).then(|| (Ok::<_, Infallible>(Bytes::from(vec![0; size])), left - 1))
        });
        let mut body = Body::from_stream(chunks);
        let mut timed = TimedBody::new(&mut body);
        let mut count = 0;
        loop {
            match timed.next().await {
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
    async fn a_client_that_sends_too_slowly_is_given_up_and_a_slower_but_steady_one_is_not() {
        assert_eq!(received(1, 100).await, Err(1));
        assert_eq!(received(40 * 16 * 1024, 100).await, Ok(100));
    }
}
