//! Bodies that are written while they are sent, so that their length does not matter.

use std::{error::Error, io, mem, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use longhaul_tasks_web::ApiError;
use tokio::{runtime::Handle, sync::mpsc, time};

use super::{BlockingPool, error_response};

/// Bytes that are sent at once.
const CHUNK: usize = 64 * 1024;
/// How long a client may take to read one chunk.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(30);

/// What goes from the writer to the connection.
enum Piece {
    Chunk(Bytes),
    /// The body is complete. If the channel closes without it, the writer has failed.
    End,
}

/// Takes what is written into a body.
pub(super) struct BodyWriter {
    /// What is sent next.
    pub(super) buffer: Vec<u8>,
    pieces: mpsc::Sender<Piece>,
    runtime: Handle,
}

/// Why a body was not written to its end.
pub(super) enum BodyError {
    /// The client has left, or reads too slowly.
    ClientGone,
    /// The source of the body has failed.
    Source(Box<dyn Error + Send + Sync>),
}

impl<E: Error + Send + Sync + 'static> From<E> for BodyError {
    fn from(error: E) -> Self {
        Self::Source(error.into())
    }
}

/// A body that `write` writes on a blocking thread. If that fails, the error is logged and the connection is aborted, because the
/// status has been sent already.
///
/// # Errors
/// 503 if no thread becomes free.
pub(super) async fn write(
    writers: &BlockingPool,
    write: impl FnOnce(&mut BodyWriter) -> Result<(), BodyError> + Send + 'static,
) -> Result<Body, ApiError> {
    let slot = writers.slot().await?;
    let (pieces, written) = mpsc::channel(2);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let _slot = slot;
        let mut body = BodyWriter { buffer: Vec::new(), pieces, runtime };
        if let Err(BodyError::Source(error)) = write(&mut body).and_then(|()| body.finish()) {
            error_response::internal(&*error);
        }
    });
    Ok(body(written))
}

impl BodyWriter {
    /// Sends what is in the buffer if that is enough.
    pub(super) fn send_if_full(&mut self) -> Result<(), BodyError> {
        if self.buffer.len() < CHUNK {
            return Ok(());
        }
        let chunk = mem::take(&mut self.buffer);
        self.send(Piece::Chunk(chunk.into()))
    }

    fn finish(&mut self) -> Result<(), BodyError> {
        let chunk = mem::take(&mut self.buffer);
        self.send(Piece::Chunk(chunk.into()))?;
        self.send(Piece::End)
    }

    fn send(&self, piece: Piece) -> Result<(), BodyError> {
        let sent = self.runtime.block_on(time::timeout(CHUNK_TIMEOUT, self.pieces.send(piece)));
        if matches!(sent, Ok(Ok(()))) { Ok(()) } else { Err(BodyError::ClientGone) }
    }
}

/// A body of what is written. If it is not complete, the connection is aborted.
fn body(written: mpsc::Receiver<Piece>) -> Body {
    let chunks = stream::unfold(Some(written), |written| async {
        let mut written = written?;
        match written.recv().await {
            Some(Piece::Chunk(chunk)) => Some((Ok(chunk), Some(written))),
            Some(Piece::End) => None,
            None => Some((Err(io::Error::other("the body was cut")), None)),
        }
    });
    Body::from_stream(chunks)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_body_that_is_not_complete_ends_in_an_error() {
        for is_whole in [true, false] {
            let (pieces, written) = mpsc::channel(2);
            pieces.try_send(Piece::Chunk("list".into())).ok().unwrap();
            if is_whole {
                pieces.try_send(Piece::End).ok().unwrap();
            }
            drop(pieces);
            let read = body(written).collect().await;
            assert_eq!(read.ok().map(|body| body.to_bytes()), is_whole.then(|| "list".into()));
        }
    }
}
