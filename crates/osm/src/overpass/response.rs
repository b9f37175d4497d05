//! The body of a response, received by an async task and read by a blocking thread.

use std::{
    io::{self, Read},
    time::Duration,
};

use bytes::Bytes;
use reqwest::Response;
use tokio::{
    sync::mpsc,
    task::AbortHandle,
    time::{Instant, timeout},
};

use crate::compression::{Compression, Decompressor};

/// How many received chunks may wait for the reader. Each has up to a few hundred KB.
const MAX_QUEUED_CHUNKS: usize = 8;
/// The minimum average rate of the body. A slower response fails.
const MIN_BYTES_PER_SECOND: u64 = 1024;

/// The OSM XML that a server sends, decompressed.
///
/// Reading blocks, so it must not be read on a thread of the async runtime. Dropping it closes the connection.
pub struct QueryResponse {
    body: Body,
    interrupter: Interrupter,
}

/// Aborts the download of a [`QueryResponse`] from another thread. Reading the response then fails.
#[derive(Clone, Debug)]
pub struct Interrupter(AbortHandle);

enum Body {
    Plain(ChunkReader),
    Gzip(Decompressor<ChunkReader>),
}

impl QueryResponse {
    /// Starts to receive the body of `response`. It fails if nothing is received for `max_silence`.
    pub(super) fn new(response: Response, is_gzip: bool, max_silence: Duration) -> Self {
        let (sender, chunks) = mpsc::channel(MAX_QUEUED_CHUNKS);
        let forwarder = tokio::spawn(forward_chunks(response, sender, max_silence));
        let reader = ChunkReader { chunks, current: Bytes::new(), has_ended: false };
        let body = if is_gzip {
            Body::Gzip(Decompressor::new(Compression::Gzip, reader))
        } else {
            Body::Plain(reader)
        };
        Self { body, interrupter: Interrupter(forwarder.abort_handle()) }
    }

    /// Aborts the download.
    pub fn interrupter(&self) -> Interrupter {
        self.interrupter.clone()
    }
}

impl Interrupter {
    /// Aborts the download.
    pub fn interrupt(&self) {
        self.0.abort();
    }
}

impl Read for QueryResponse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.body {
            Body::Plain(reader) => reader.read(buffer),
            Body::Gzip(decompressor) => decompressor.read(buffer),
        }
    }
}

impl Drop for QueryResponse {
    fn drop(&mut self) {
        self.interrupter.interrupt();
    }
}

enum BodyChunk {
    Data(Bytes),
    /// The body is complete. If the channel closes without it, the body is truncated.
    End,
    Failed(io::Error),
}

/// Reads the chunks of a body.
struct ChunkReader {
    chunks: mpsc::Receiver<BodyChunk>,
    current: Bytes,
    has_ended: bool,
}

impl Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.has_ended {
            match self.chunks.blocking_recv() {
                Some(BodyChunk::Data(chunk)) => self.current = chunk,
                Some(BodyChunk::End) => self.has_ended = true,
                Some(BodyChunk::Failed(error)) => return Err(error),
                None => return Err(io::Error::other("the download was broken off")),
            }
        }
        let count = buffer.len().min(self.current.len());
        buffer[..count].copy_from_slice(&self.current.split_to(count));
        Ok(count)
    }
}

/// Receives the chunks of a body and sends them to the reader. If the reader is slow, the server has to wait.
async fn forward_chunks(mut response: Response, chunks: mpsc::Sender<BodyChunk>, max_silence: Duration) {
    let mut length = 0;
    // Time spent waiting for the server, without that spent waiting for the reader.
    let mut waited = Duration::ZERO;
    loop {
        let max_total = max_silence.saturating_add(Duration::from_secs(length / MIN_BYTES_PER_SECOND));
        let start = Instant::now();
        let next = timeout(max_silence.min(max_total.saturating_sub(waited)), response.chunk()).await;
        waited = waited.saturating_add(start.elapsed());
        let chunk = match next {
            Ok(Ok(Some(chunk))) => BodyChunk::Data(chunk),
            Ok(Ok(None)) => BodyChunk::End,
            Ok(Err(_)) => BodyChunk::Failed(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the server broke the connection off",
            )),
            Err(_) => {
                BodyChunk::Failed(io::Error::new(io::ErrorKind::TimedOut, "the server stopped sending"))
            }
        };
        let is_last = !matches!(chunk, BodyChunk::Data(_));
        if let BodyChunk::Data(content) = &chunk {
            length += content.len() as u64;
        }
        if chunks.send(chunk).await.is_err() || is_last {
            return;
        }
    }
}
