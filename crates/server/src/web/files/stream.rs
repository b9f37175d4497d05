//! Files that are sent while they are written.

use std::{
    io::{self, Write},
    time::Duration,
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use longhaul_commands::{Export, ExportProgress};
use longhaul_repository::Repository;
use longhaul_tasks_web::ApiError;
use tokio::{runtime::Handle, sync::mpsc, time};

use super::error;
use crate::web::{BlockingPool, error_response};

/// Bytes that are sent at once.
const CHUNK: usize = 64 * 1024;
/// How long a client may take to read one chunk.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(30);

/// The response with the file of an export. Its status is that of the first chunk; if the export fails later, the connection is
/// aborted. For a HEAD nothing is exported.
pub(super) async fn respond(
    writers: &BlockingPool,
    export: Export,
    repository: Repository,
    is_head: bool,
) -> Result<Response, ApiError> {
    if is_head {
        // Without a length, which is not known.
        return Ok(Response::new(Body::from_stream(stream::empty::<io::Result<Bytes>>())));
    }
    let slot = writers.slot().await?;
    let (pieces, mut written) = mpsc::channel(2);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let _slot = slot;
        let pieces = PieceSender { pieces, runtime };
        let out = PieceWriter { pieces: pieces.clone(), chunk: Vec::new() };
        let exported = export.stream(&repository, out, &pieces);
        // The client may have gone.
        let exported = exported.map_err(|error| error::of_export(error, &repository));
        let _ = pieces.send(exported.map(|_| Piece::End));
    });
    let first = written.recv().await.ok_or_else(error_response::unexplained)??;
    Ok(Response::new(body(first, written)))
}

enum Piece {
    Chunk(Bytes),
    /// The file is complete. If the channel closes without it, the writer has failed.
    End,
}

fn body(first: Piece, written: mpsc::Receiver<Result<Piece, ApiError>>) -> Body {
    let pieces = stream::unfold(Some(written), |written| async {
        let mut written = written?;
        match written.recv().await {
            Some(Ok(piece)) => Some((Ok(piece), Some(written))),
            Some(Err(_)) | None => Some((Err(io::Error::other("the file was cut")), None)),
        }
    });
    let pieces = stream::iter([Ok(first)]).chain(pieces);
    let chunks = pieces.scan((), |(), piece| {
        std::future::ready(match piece {
            Ok(Piece::Chunk(chunk)) => Some(Ok(chunk)),
            Ok(Piece::End) => None,
            Err(error) => Some(Err(error)),
        })
    });
    Body::from_stream(chunks)
}

/// Sends to the client, and ends an export that nobody reads any more.
#[derive(Clone)]
struct PieceSender {
    pieces: mpsc::Sender<Result<Piece, ApiError>>,
    runtime: Handle,
}

impl PieceSender {
    fn send(&self, piece: Result<Piece, ApiError>) -> io::Result<()> {
        match self.runtime.block_on(time::timeout(CHUNK_TIMEOUT, self.pieces.send(piece))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl ExportProgress for PieceSender {
    fn is_stopped(&self) -> bool {
        self.pieces.is_closed()
    }
}

/// Sends what is written in chunks.
struct PieceWriter {
    pieces: PieceSender,
    chunk: Vec<u8>,
}

impl Write for PieceWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let chunk = std::mem::take(&mut self.chunk);
        if chunk.is_empty() { Ok(()) } else { self.pieces.send(Ok(Piece::Chunk(chunk.into()))) }
    }
}
