//! Writes a file to the disk while it is received.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{UploadError, UploadOptions, disk_space};

/// Chunks that may wait for the disk; each is what one read of the network returned, up to some hundred KB.
const MAX_QUEUED: usize = 8;
/// Small chunks are combined into writes of this size.
const WRITE_SIZE: usize = 256 * 1024;
/// Bytes between two checks of the free disk space.
const SPACE_CHECK_INTERVAL: u64 = 8 << 20;

/// Dropping the value removes the file, unless it was kept.
#[derive(Debug)]
pub(crate) struct TemporaryFile(Option<PathBuf>);

impl TemporaryFile {
    /// The path of the file.
    pub(crate) fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }

    /// Leaves the file on the disk; the caller is responsible for it.
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
        // Removing a large file takes long, so it must not block an async worker thread.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

impl TemporaryFile {
    /// A second name, `path`, for the file at `source`; it survives a power cut.
    pub(super) fn link(source: &Path, path: PathBuf) -> io::Result<Self> {
        std::fs::hard_link(source, &path)?;
        let link = Self(Some(path));
        sync_folder_of(link.path())?;
        Ok(link)
    }
}

/// Limits for a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Most bytes of the file.
    pub(super) max_upload: u64,
    /// Bytes that must stay free on the disk.
    pub(super) min_free: u64,
}

/// A file that is being written. Dropping it before [`finish`](Self::finish) removes the file.
pub(super) struct Spool {
    chunks: mpsc::Sender<Chunk>,
    writer: JoinHandle<Result<Spooled, UploadError>>,
}

/// The file, and its SHA-256 if it was requested.
type Spooled = (TemporaryFile, Option<[u8; 32]>);

enum Chunk {
    Content(Bytes),
    /// The file is complete. If the channel closes without it, the file was cut short.
    End,
}

impl Spool {
    /// Creates the file `path`, which must not exist.
    ///
    /// Two options are costly: computing the SHA-256 takes as much CPU time as receiving the file, and a durable file waits for
    /// the disk.
    pub(super) fn begin(path: PathBuf, limits: Limits, options: UploadOptions) -> Self {
        let (sender, receiver) = mpsc::channel(MAX_QUEUED);
        let writer = tokio::task::spawn_blocking(move || write(path, receiver, limits, options));
        Self { chunks: sender, writer }
    }

    /// Queues a chunk; waits while the queue is full.
    pub(super) async fn push(&mut self, chunk: Bytes) -> Result<(), UploadError> {
        match self.chunks.send(Chunk::Content(chunk)).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.writer_error().await),
        }
    }

    /// Completes the file. If it is to be durable, it is on the disk now.
    pub(super) async fn finish(self) -> Result<Spooled, UploadError> {
        // If the writer has ended, its error is returned below.
        let _ = self.chunks.send(Chunk::End).await;
        joined(self.writer.await)
    }

    async fn writer_error(&mut self) -> UploadError {
        match joined((&mut self.writer).await) {
            Ok(_) => UploadError::Io(io::Error::other("the writer of the upload ended too early")),
            Err(error) => error,
        }
    }
}

fn joined<T>(result: Result<Result<T, UploadError>, tokio::task::JoinError>) -> Result<T, UploadError> {
    result.unwrap_or_else(|error| Err(UploadError::Io(io::Error::other(error))))
}

/// Runs on a blocking thread.
fn write(
    path: PathBuf,
    mut chunks: mpsc::Receiver<Chunk>,
    limits: Limits,
    options: UploadOptions,
) -> Result<Spooled, UploadError> {
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    let file = File::create_new(&path)?;
    let temporary = TemporaryFile(Some(path));
    let mut file = BufWriter::with_capacity(WRITE_SIZE, file);
    let mut digest = options.with_digest.then(Sha256::new);
    let (mut length, mut checked_at) = (0, 0);
    while let Some(chunk) = chunks.blocking_recv() {
        let Chunk::Content(chunk) = chunk else {
            file.flush()?;
            if options.is_durable {
                file.get_ref().sync_all()?;
                sync_folder_of(temporary.path())?;
            }
            return Ok((temporary, digest.map(|digest| digest.finalize().into())));
        };
        length += chunk.len() as u64;
        if length > limits.max_upload {
            return Err(UploadError::TooLarge { limit: limits.max_upload });
        }
        if length - checked_at >= SPACE_CHECK_INTERVAL {
            checked_at = length;
            require_space(&folder, limits.min_free)?;
        }
        if let Some(digest) = &mut digest {
            digest.update(&chunk);
        }
        file.write_all(&chunk)?;
    }
    // Discards the buffer: the file is removed.
    let _ = file.into_parts();
    Err(UploadError::Cut)
}

/// Brings the name of a new file to the disk.
fn sync_folder_of(file: &Path) -> io::Result<()> {
    File::open(file.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// Returns an error if fewer than `bytes` are free in `folder`.
pub(super) fn require_space(folder: &Path, bytes: u64) -> Result<(), UploadError> {
    if disk_space::free(folder)? < bytes { Err(UploadError::NoSpace) } else { Ok(()) }
}
