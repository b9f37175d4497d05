//! Writes a file to the disk while it comes.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{UploadError, space};

/// Chunks that may wait for the disk; each is what the network gave at once, up to some hundred KB.
const WAITING: usize = 8;
/// Small chunks are gathered to writes of this size.
const WRITE: usize = 256 * 1024;
/// How often to look whether the disk still has room, in bytes.
const LOOK: u64 = 8 << 20;

/// A file that goes with this value, unless it is kept.
#[derive(Debug)]
pub(crate) struct TemporaryFile(Option<PathBuf>);

impl TemporaryFile {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }

    /// Leaves the file to somebody else.
    pub(crate) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let Some(path) = self.0.take() else { return };
        let remove = move || {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(%error, path = %path.display(), "could not remove an upload");
            }
        };
        // To remove a large file takes time that the threads of the network must not lose.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

/// What a file may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of the file.
    pub(super) max_upload: u64,
    /// Bytes that must stay free on the disk.
    pub(super) min_free: u64,
}

/// A file on its way to the disk. Dropped before its [end](Self::finish), it leaves nothing.
pub(super) struct Spool {
    chunks: mpsc::Sender<Chunk>,
    writer: JoinHandle<Result<Spooled, UploadError>>,
}

/// The file, and its SHA-256 where that was asked for.
type Spooled = (TemporaryFile, Option<[u8; 32]>);

enum Chunk {
    Content(Bytes),
    /// The file is whole. Without this word it is not, however the sender went.
    Last,
}

impl Spool {
    /// Begins the file `path`, where nothing must be. Its SHA-256 costs a core as much as the network does, so it is taken only
    /// if somebody wants it.
    pub(super) fn begin(path: PathBuf, limits: Limits, wants_digest: bool) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let digest = wants_digest.then(Sha256::new);
        let writer = tokio::task::spawn_blocking(move || write(path, receiver, limits, digest));
        Self { chunks: sender, writer }
    }

    /// Hands over a chunk, as soon as the disk has taken enough of those before.
    pub(super) async fn push(&mut self, chunk: Bytes) -> Result<(), UploadError> {
        match self.chunks.send(Chunk::Content(chunk)).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.why_it_ended().await),
        }
    }

    /// The whole file.
    ///
    /// The operating system has it, the disk perhaps not yet: only a crash of the whole machine could lose it.
    pub(super) async fn finish(self) -> Result<Spooled, UploadError> {
        // If the writer has gone it says why below.
        let _ = self.chunks.send(Chunk::Last).await;
        joined(self.writer.await)
    }

    async fn why_it_ended(&mut self) -> UploadError {
        match joined((&mut self.writer).await) {
            Ok(_) => UploadError::Io(io::Error::other("the file was ended before its end")),
            Err(error) => error,
        }
    }
}

fn joined<T>(result: Result<Result<T, UploadError>, tokio::task::JoinError>) -> Result<T, UploadError> {
    result.unwrap_or_else(|error| Err(UploadError::Io(io::Error::other(error))))
}

/// Runs on a thread of its own.
fn write(
    path: PathBuf,
    mut chunks: mpsc::Receiver<Chunk>,
    limits: Limits,
    mut digest: Option<Sha256>,
) -> Result<Spooled, UploadError> {
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    let file = File::create_new(&path)?;
    let temporary = TemporaryFile(Some(path));
    let mut file = BufWriter::with_capacity(WRITE, file);
    let (mut length, mut looked_at) = (0, 0);
    while let Some(chunk) = chunks.blocking_recv() {
        let Chunk::Content(chunk) = chunk else {
            file.flush()?;
            return Ok((temporary, digest.map(|digest| digest.finalize().into())));
        };
        length += chunk.len() as u64;
        if length > limits.max_upload {
            return Err(UploadError::TooLarge { limit: limits.max_upload });
        }
        if length - looked_at >= LOOK {
            looked_at = length;
            require_space(&folder, limits.min_free)?;
        }
        if let Some(digest) = &mut digest {
            digest.update(&chunk);
        }
        file.write_all(&chunk)?;
    }
    // The buffer is not worth writing any more.
    let _ = file.into_parts();
    Err(UploadError::Cut)
}

/// Refuses if less than `bytes` are free in `folder`.
pub(super) fn require_space(folder: &Path, bytes: u64) -> Result<(), UploadError> {
    if space::free(folder)? < bytes { Err(UploadError::NoSpace) } else { Ok(()) }
}
