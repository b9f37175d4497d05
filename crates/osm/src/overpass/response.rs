//! Data on its way from the network to whoever reads it on a thread that blocks.

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

/// Chunks that may wait for their reader; each is what the network gave at once, up to some hundred KB.
const MAX_QUEUED_CHUNKS: usize = 8;
/// The slowest that a server may be on the whole, in bytes per second.
const MIN_BYTES_PER_SECOND: u64 = 1024;

/// The XML that a server sends, as it comes; reading blocks.
///
/// It must not be read on a thread of the async runtime. Dropping it closes the connection.
pub struct QueryResponse {
    body: Body,
    interrupter: Interrupter,
}

/// Breaks an [`QueryResponse`] off from another thread: reading it then fails.
#[derive(Clone, Debug)]
pub struct Interrupter(AbortHandle);

enum Body {
    Plain(ChunkReader),
    Gzip(Decompressor<ChunkReader>),
}

impl QueryResponse {
    /// Begins to take the body of `response` in, from which nothing may come for `max_silence`.
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

    /// What breaks it off.
    pub fn interrupter(&self) -> Interrupter {
        self.interrupter.clone()
    }
}

impl Interrupter {
    /// Breaks the answer off.
    pub fn interrupt(&self) {
        self.0.abort();
    }
}

impl Read for QueryResponse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.body {
            Body::Plain(reader) => reader.read(buffer),
            Body::Gzip(gunzip) => gunzip.read(buffer),
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
    /// The server says that this was all. Without this word it was not, however the sender went.
    Last,
    Broken(io::Error),
}

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
                Some(BodyChunk::Last) => self.has_ended = true,
                Some(BodyChunk::Broken(error)) => return Err(error),
                None => return Err(io::Error::other("the download was broken off")),
            }
        }
        let count = buffer.len().min(self.current.len());
        buffer[..count].copy_from_slice(&self.current.split_to(count));
        Ok(count)
    }
}

/// Hands chunks over as they come, and no faster than they are read.
async fn forward_chunks(mut response: Response, chunks: mpsc::Sender<BodyChunk>, max_silence: Duration) {
    let mut length = 0;
    // Only what the server takes counts, not what the reader takes.
    let mut waited = Duration::ZERO;
    loop {
        let in_all = max_silence.saturating_add(Duration::from_secs(length / MIN_BYTES_PER_SECOND));
        let begun = Instant::now();
        let next = timeout(max_silence.min(in_all.saturating_sub(waited)), response.chunk()).await;
        waited = waited.saturating_add(begun.elapsed());
        let chunk = match next {
            Ok(Ok(Some(chunk))) => BodyChunk::Data(chunk),
            Ok(Ok(None)) => BodyChunk::Last,
            Ok(Err(_)) => BodyChunk::Broken(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the server broke the connection off",
            )),
            Err(_) => {
                BodyChunk::Broken(io::Error::new(io::ErrorKind::TimedOut, "the server stopped sending"))
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
