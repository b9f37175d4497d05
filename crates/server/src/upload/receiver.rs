use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::Bytes;
use longhaul_multipart::{Parts, boundary};
use longhaul_tasks::ResultFile;
use uuid::Uuid;

use super::{
    UploadError, disk_space,
    form::{Form, base_name},
    spool::{Limits, Spool, TemporaryFile, require_space},
    timed_body::TimedBody,
};
use crate::{access::Caller, data_folder::UPLOADS, places::Places};

/// Most bytes of a body besides the file.
const MAX_OTHER_FIELDS: u64 = 2 << 20;
/// Receives the bodies of requests.
#[derive(Debug)]
pub(crate) struct Receiver {
    uploads: PathBuf,
    limits: Limits,
    places: Arc<Places>,
    received: AtomicU64,
}

/// How the body of a request is received.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UploadOptions {
    /// The name of the file if the client does not give one.
    pub(crate) default_file_name: &'static str,
    /// Form fields that may hold longer texts, also as files.
    pub(crate) text_file_fields: &'static [&'static str],
    /// Whether to compute the SHA-256 of the file while it is received.
    pub(crate) with_digest: bool,
    /// Whether the file must survive a power cut once it was received.
    pub(crate) is_durable: bool,
}

/// A received body.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// The text fields of the form: name and value.
    pub(crate) texts: Vec<(String, String)>,
    /// The text fields that were sent as files.
    pub(crate) text_files: Vec<TextFile>,
    /// The file, if there was one.
    pub(crate) file: Option<ReceivedFile>,
}

/// A received text file, small enough for memory.
#[derive(Clone, Debug)]
pub(crate) struct TextFile {
    /// The name of the form field.
    pub(crate) field: String,
    /// The file name that the client gave, without folders.
    pub(crate) name: String,
    /// The content.
    pub(crate) text: String,
}

/// A received file. Dropping the value removes the file, unless it was kept.
#[derive(Debug)]
pub(crate) struct ReceivedFile {
    /// The file.
    pub(crate) file: TemporaryFile,
    /// The file name that the client gave, without folders.
    pub(crate) name: String,
    /// The SHA-256 of the content, if it was requested.
    pub(crate) digest: Option<[u8; 32]>,
}

impl ReceivedFile {
    /// Its path in the data folder, which is stored: the folder may be moved.
    pub(crate) fn stored_path(&self) -> PathBuf {
        Path::new(UPLOADS).join(self.file.path().file_name().unwrap_or_default())
    }
}

/// What the body is, by its `Content-Type`.
enum Content {
    Form {
        boundary: String,
    },
    /// The file itself.
    File,
    /// Of no type that is read.
    Other,
}

impl Content {
    fn of(headers: &HeaderMap) -> Result<Self, UploadError> {
        let content_type =
            headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "multipart/form-data" => {
                let boundary = boundary(content_type).ok_or(UploadError::NoBoundary)?;
                Ok(Self::Form { boundary })
            }
            "application/geopackage+sqlite3" | "application/octet-stream" => Ok(Self::File),
            _ => Ok(Self::Other),
        }
    }
}

impl Receiver {
    /// Receives files of up to `max_upload` bytes into the folder `uploads`, as long as `min_free` bytes stay free; each that is
    /// being received has one of the `places`, and a thread.
    pub(crate) fn new(uploads: PathBuf, max_upload: u64, min_free: u64, places: Arc<Places>) -> Self {
        Self { uploads, limits: Limits { max_upload, min_free }, places, received: AtomicU64::new(0) }
    }

    /// The folder of uploads.
    pub(crate) fn folder(&self) -> &Path {
        &self.uploads
    }

    /// Bytes that must stay free on its disk.
    pub(crate) fn min_free(&self) -> u64 {
        self.limits.min_free
    }

    /// Bytes that can still be written to the disk of the uploads.
    pub(crate) fn free_space(&self) -> io::Result<u64> {
        disk_space::free(&self.uploads)
    }

    /// Bytes received since the server started.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }

    /// Receives a form, or a body that is the file itself (`application/geopackage+sqlite3`, `application/octet-stream`).
    /// A body of any other type is left unread and counts as one without a file.
    ///
    /// On an error, and when the future is dropped, no file stays on the disk. A part of the body may be unread.
    pub(crate) async fn receive(
        &self,
        headers: &HeaderMap,
        body: &mut Body,
        options: UploadOptions,
    ) -> Result<Received, UploadError> {
        let content = Content::of(headers)?;
        self.check_before_reading(headers).await?;
        self.read(content, body, options).await
    }

    /// Receives a body that is the file itself, whatever its type.
    ///
    /// As with [`receive`](Self::receive), no file stays on an error.
    pub(crate) async fn receive_file(
        &self,
        headers: &HeaderMap,
        body: &mut Body,
        options: UploadOptions,
    ) -> Result<ReceivedFile, UploadError> {
        self.check_before_reading(headers).await?;
        let _place = self.places.take(&Caller::current()).ok_or(UploadError::Busy)?;
        self.read_file(body, options).await
    }

    /// Returns an error if `bytes` cannot be written besides what must stay free.
    pub(crate) async fn require_room(&self, bytes: u64) -> Result<(), UploadError> {
        let (folder, needed) = (self.uploads.clone(), self.limits.min_free.saturating_add(bytes));
        let checked = tokio::task::spawn_blocking(move || require_space(&folder, needed)).await;
        checked.unwrap_or_else(|error| Err(UploadError::Io(io::Error::other(error))))
    }

    /// Checks the declared length and the free disk space.
    async fn check_before_reading(&self, headers: &HeaderMap) -> Result<(), UploadError> {
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > self.limits.max_upload.saturating_add(MAX_OTHER_FIELDS)) {
            return Err(UploadError::TooLarge { limit: self.limits.max_upload });
        }
        self.require_room(length.unwrap_or(0)).await
    }

    async fn read(
        &self,
        content: Content,
        body: &mut Body,
        options: UploadOptions,
    ) -> Result<Received, UploadError> {
        let _place = self.places.take(&Caller::current()).ok_or(UploadError::Busy)?;
        match content {
            Content::Form { boundary } => self.read_form(&boundary, body, options).await,
            Content::File => {
                let file = self.read_file(body, options).await?;
                Ok(Received { file: Some(file), ..Received::default() })
            }
            Content::Other => Ok(Received::default()),
        }
    }

    async fn read_file(&self, body: &mut Body, options: UploadOptions) -> Result<ReceivedFile, UploadError> {
        let mut spool = self.spool(options);
        let mut body = TimedBody::new(body);
        while let Some(chunk) = body.next().await? {
            self.count(&chunk);
            spool.push(chunk).await?;
        }
        let (file, digest) = spool.finish().await?;
        Ok(ReceivedFile { file, name: base_name(None, options.default_file_name), digest })
    }

    async fn read_form(
        &self,
        boundary: &str,
        body: &mut Body,
        options: UploadOptions,
    ) -> Result<Received, UploadError> {
        let mut form = Form::new(self, options);
        let mut parts = Parts::new(boundary);
        let mut pieces = Vec::new();
        let mut body = TimedBody::new(body);
        while let Some(chunk) = body.next().await? {
            self.count(&chunk);
            if body.length() > self.limits.max_upload.saturating_add(MAX_OTHER_FIELDS) {
                return Err(UploadError::TooLarge { limit: self.limits.max_upload });
            }
            parts.push(chunk, &mut pieces)?;
            for piece in pieces.drain(..) {
                form.push(piece).await?;
            }
        }
        parts.finish()?;
        Ok(form.into_received())
    }

    /// Takes a file that an earlier task kept as one that was received.
    pub(crate) async fn receive_kept(&self, kept: ResultFile) -> io::Result<ReceivedFile> {
        let path = self.uploads.join(Uuid::new_v4().to_string());
        let linked = tokio::task::spawn_blocking(move || TemporaryFile::link(&kept.path, path)).await;
        let file = linked.map_err(io::Error::other).flatten()?;
        Ok(ReceivedFile { file, name: kept.name, digest: None })
    }

    /// Starts a new file in the folder of uploads.
    pub(super) fn spool(&self, options: UploadOptions) -> Spool {
        let path = self.uploads.join(Uuid::new_v4().to_string());
        Spool::begin(path, self.limits, options)
    }

    fn count(&self, chunk: &Bytes) {
        self.received.fetch_add(chunk.len() as u64, Relaxed);
    }
}
