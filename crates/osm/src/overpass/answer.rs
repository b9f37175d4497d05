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

use super::gzip::Gunzip;

/// Chunks that may wait for their reader; each is what the network gave at once, up to some hundred KB.
const WAITING: usize = 8;
/// The slowest that a server may be on the whole, in bytes per second.
const SLOWEST: u64 = 1024;

/// The XML that a server sends, as it comes; reading blocks.
///
/// It must not be read on a thread of the async runtime. Dropping it closes the connection.
pub struct Answer {
    content: Content,
    interrupter: Interrupter,
}

/// Breaks an [`Answer`] off from another thread: reading it then fails.
#[derive(Clone, Debug)]
pub struct Interrupter(AbortHandle);

enum Content {
    Plain(Pipe),
    Packed(Gunzip<Pipe>),
}

impl Answer {
    /// Begins to take the body of `response` in, from which nothing may come for `silence`.
    pub(super) fn of(response: Response, is_packed: bool, silence: Duration) -> Self {
        let (sender, chunks) = mpsc::channel(WAITING);
        let feeder = tokio::spawn(feed(response, sender, silence));
        let pipe = Pipe { chunks, current: Bytes::new(), has_ended: false };
        let content = if is_packed { Content::Packed(Gunzip::new(pipe)) } else { Content::Plain(pipe) };
        Self { content, interrupter: Interrupter(feeder.abort_handle()) }
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

impl Read for Answer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.content {
            Content::Plain(pipe) => pipe.read(buffer),
            Content::Packed(gunzip) => gunzip.read(buffer),
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.interrupter.interrupt();
    }
}

enum Chunk {
    Content(Bytes),
    /// The server says that this was all. Without this word it was not, however the sender went.
    Last,
    Broken(io::Error),
}

struct Pipe {
    chunks: mpsc::Receiver<Chunk>,
    current: Bytes,
    has_ended: bool,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.has_ended {
            match self.chunks.blocking_recv() {
                Some(Chunk::Content(chunk)) => self.current = chunk,
                Some(Chunk::Last) => self.has_ended = true,
                Some(Chunk::Broken(error)) => return Err(error),
                None => return Err(io::Error::other("the download was broken off")),
            }
        }
        let count = buffer.len().min(self.current.len());
        buffer[..count].copy_from_slice(&self.current.split_to(count));
        Ok(count)
    }
}

/// Hands chunks over as they come, and no faster than they are read.
async fn feed(mut response: Response, chunks: mpsc::Sender<Chunk>, silence: Duration) {
    let mut length = 0;
    // Only what the server takes counts, not what the reader takes.
    let mut waited = Duration::ZERO;
    loop {
        let in_all = silence.saturating_add(Duration::from_secs(length / SLOWEST));
        let begun = Instant::now();
        let next = timeout(silence.min(in_all.saturating_sub(waited)), response.chunk()).await;
        waited = waited.saturating_add(begun.elapsed());
        let chunk = match next {
            Ok(Ok(Some(chunk))) => Chunk::Content(chunk),
            Ok(Ok(None)) => Chunk::Last,
            Ok(Err(_)) => Chunk::Broken(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the server broke the connection off",
            )),
            Err(_) => Chunk::Broken(io::Error::new(io::ErrorKind::TimedOut, "the server stopped sending")),
        };
        let is_last = !matches!(chunk, Chunk::Content(_));
        if let Chunk::Content(content) = &chunk {
            length += content.len() as u64;
        }
        if chunks.send(chunk).await.is_err() || is_last {
            return;
        }
    }
}
