use std::{
    io, mem,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::Bytes;
use longhaul_multipart::{Head, Malformed, Parts, Piece, boundary};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{
    incoming::Incoming,
    spool::{Limits, Spool, TemporaryFile, require_space},
};

/// The form's field that holds the file.
const FILE: &str = "fileUpload";
/// The most that all other fields may hold together, in bytes.
const LONGEST_TEXTS: usize = 16 * 1024;
/// The most that all documents may hold together, in bytes.
const LONGEST_DOCUMENTS: usize = 1 << 20;
/// What a body may hold beside the file.
const BESIDE: u64 = 2 << 20;
/// Files received at the same time; each takes a thread.
const AT_ONCE: usize = 32;

/// Takes the bodies of requests.
#[derive(Debug)]
pub(crate) struct Receiver {
    uploads: PathBuf,
    limits: Limits,
    places: Semaphore,
    received: AtomicU64,
}

/// What a request wants of a body, beside texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// What the file is called if its sender does not say.
    pub(crate) unnamed: &'static str,
    /// Fields that may hold longer texts, also as files.
    pub(crate) documents: &'static [&'static str],
    /// Whether the file's SHA-256 is wanted; it is taken while the file comes.
    pub(crate) digest: bool,
}

/// A body that was received.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// The texts of the form, by field.
    pub(crate) texts: Vec<(String, String)>,
    /// The documents that came as files.
    pub(crate) documents: Vec<Document>,
    /// The file, if there was one.
    pub(crate) file: Option<ReceivedFile>,
}

/// A small file of text that was received.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// The form's field.
    pub(crate) field: String,
    /// What the sender calls it, without a folder.
    pub(crate) name: String,
    /// What it says.
    pub(crate) text: String,
}

/// A file that was received; it goes with this value, unless it is kept.
#[derive(Debug)]
pub(crate) struct ReceivedFile {
    /// The file.
    pub(crate) file: TemporaryFile,
    /// What the sender calls it, without a folder.
    pub(crate) name: String,
    /// The SHA-256 of its content, where that was wanted.
    pub(crate) digest: Option<[u8; 32]>,
}

/// Why a body could not be received.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    #[error("The file is larger than {limit} bytes.")]
    TooLarge { limit: u64 },
    #[error("The server has no room for the file.")]
    NoSpace,
    #[error("Too many files are being received; please try again later.")]
    Busy,
    #[error("The body could not be read: {0}.")]
    Malformed(#[from] Malformed),
    #[error("The fields of the form hold more than {} bytes of text.", LONGEST_TEXTS)]
    LongTexts,
    #[error("The documents in the form are longer than {} bytes.", LONGEST_DOCUMENTS)]
    LongDocuments,
    #[error("A field of the form is not UTF-8.")]
    NotUtf8,
    #[error("Request must specify one and only one fileUpload in the request body")]
    SeveralFiles,
    #[error("The body ended before its end.")]
    Cut,
    #[error("The body did not come in time.")]
    Stalled,
    #[error("The file could not be stored.")]
    Io(#[source] io::Error),
}

impl From<io::Error> for UploadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => Self::Io(error),
        }
    }
}

impl Receiver {
    /// Receives into the folder `uploads` files of up to `max_upload` bytes, as long as `min_free` stay free.
    pub(crate) fn new(uploads: PathBuf, max_upload: u64, min_free: u64) -> Self {
        Self {
            uploads,
            limits: Limits { max_upload, min_free },
            places: Semaphore::new(AT_ONCE),
            received: AtomicU64::new(0),
        }
    }

    /// Bytes that have come, since the server runs.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }

    /// Receives a form, or a body that is the file itself (`application/geopackage+sqlite3`, `application/octet-stream`).
    /// A body of any other kind is left unread, and counts as one without a file.
    ///
    /// On an error, and when the future is dropped, nothing stays on the disk; some of the body may be left unread.
    pub(crate) async fn receive(
        &self,
        headers: &HeaderMap,
        body: &mut Body,
        wanted: Wanted,
    ) -> Result<Received, UploadError> {
        self.admit(headers).await?;
        self.read(headers, body, wanted).await
    }

    /// What can be said before anything has come.
    async fn admit(&self, headers: &HeaderMap) -> Result<(), UploadError> {
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > self.limits.max_upload.saturating_add(BESIDE)) {
            return Err(UploadError::TooLarge { limit: self.limits.max_upload });
        }
        let (folder, needed) =
            (self.uploads.clone(), self.limits.min_free.saturating_add(length.unwrap_or(0)));
        let looked = tokio::task::spawn_blocking(move || require_space(&folder, needed)).await;
        looked.unwrap_or_else(|error| Err(UploadError::Io(io::Error::other(error))))
    }

    async fn read(
        &self,
        headers: &HeaderMap,
        body: &mut Body,
        wanted: Wanted,
    ) -> Result<Received, UploadError> {
        let content_type =
            headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let _place = self.places.try_acquire().map_err(|_| UploadError::Busy)?;
        if let Some(boundary) = boundary(content_type) {
            return self.read_form(&boundary, body, wanted).await;
        }
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "application/geopackage+sqlite3" | "application/octet-stream" => {
                self.read_file(body, wanted).await
            }
            _ => Ok(Received::default()),
        }
    }

    async fn read_file(&self, body: &mut Body, wanted: Wanted) -> Result<Received, UploadError> {
        let mut spool = self.spool(wanted);
        let mut incoming = Incoming::new(body);
        while let Some(chunk) = incoming.next().await? {
            self.count(&chunk);
            spool.push(chunk).await?;
        }
        let (file, digest) = spool.finish().await?;
        let file = ReceivedFile { file, name: plain_name(None, wanted.unnamed), digest };
        Ok(Received { file: Some(file), ..Received::default() })
    }

    async fn read_form(
        &self,
        boundary: &str,
        body: &mut Body,
        wanted: Wanted,
    ) -> Result<Received, UploadError> {
        let mut form = Form {
            receiver: self,
            wanted,
            received: Received::default(),
            part: Part::None,
            texts_length: 0,
            documents_length: 0,
        };
        let mut parts = Parts::new(boundary);
        let mut pieces = Vec::new();
        let mut incoming = Incoming::new(body);
        while let Some(chunk) = incoming.next().await? {
            self.count(&chunk);
            if incoming.length() > self.limits.max_upload.saturating_add(BESIDE) {
                return Err(UploadError::TooLarge { limit: self.limits.max_upload });
            }
            parts.push(chunk, &mut pieces)?;
            for piece in pieces.drain(..) {
                form.take(piece).await?;
            }
        }
        parts.finish()?;
        Ok(form.received)
    }

    fn spool(&self, wanted: Wanted) -> Spool {
        Spool::begin(self.uploads.join(Uuid::new_v4().to_string()), self.limits, wanted.digest)
    }

    fn count(&self, chunk: &Bytes) {
        self.received.fetch_add(chunk.len() as u64, Relaxed);
    }
}

/// A form that is being read.
struct Form<'a> {
    receiver: &'a Receiver,
    wanted: Wanted,
    received: Received,
    part: Part,
    texts_length: usize,
    documents_length: usize,
}

enum Part {
    None,
    File {
        name: String,
        spool: Spool,
    },
    Text {
        field: String,
        text: Vec<u8>,
    },
    /// Named if it came as a file.
    Document {
        field: String,
        name: Option<String>,
        text: Vec<u8>,
    },
}

impl Form<'_> {
    async fn take(&mut self, piece: Piece) -> Result<(), UploadError> {
        match piece {
            Piece::Begin(head) => self.begin(head),
            Piece::Content(chunk) => self.content(chunk).await,
            Piece::End => self.end().await,
        }
    }

    fn begin(&mut self, head: Head) -> Result<(), UploadError> {
        let unnamed = self.wanted.unnamed;
        self.part = if self.wanted.documents.contains(&head.name.as_str()) {
            let name = head.file_name.map(|name| plain_name(Some(&name), unnamed));
            Part::Document { field: head.name, name, text: Vec::new() }
        } else if head.name != FILE && head.file_name.is_some() {
            // A file under another name is none that was asked for.
            Part::None
        } else if head.name != FILE {
            Part::Text { field: head.name, text: Vec::new() }
        } else if self.received.file.is_none() {
            Part::File {
                name: plain_name(head.file_name.as_deref(), unnamed),
                spool: self.receiver.spool(self.wanted),
            }
        } else {
            return Err(UploadError::SeveralFiles);
        };
        Ok(())
    }

    async fn content(&mut self, chunk: Bytes) -> Result<(), UploadError> {
        match &mut self.part {
            Part::None => Ok(()),
            Part::File { spool, .. } => spool.push(chunk).await,
            Part::Document { text, .. } => {
                self.documents_length += chunk.len();
                if self.documents_length > LONGEST_DOCUMENTS {
                    return Err(UploadError::LongDocuments);
                }
                text.extend_from_slice(&chunk);
                Ok(())
            }
            Part::Text { text, .. } => {
                self.texts_length += chunk.len();
                if self.texts_length > LONGEST_TEXTS {
                    return Err(UploadError::LongTexts);
                }
                text.extend_from_slice(&chunk);
                Ok(())
            }
        }
    }

    async fn end(&mut self) -> Result<(), UploadError> {
        match mem::replace(&mut self.part, Part::None) {
            Part::None => {}
            Part::File { name, spool } => {
                let (file, digest) = spool.finish().await?;
                self.received.file = Some(ReceivedFile { file, name, digest });
            }
            Part::Text { field, text } | Part::Document { field, name: None, text } => {
                self.received.texts.push((field, utf8(text)?));
            }
            Part::Document { field, name: Some(name), text } => {
                self.received.documents.push(Document { field, name, text: utf8(text)? });
            }
        }
        Ok(())
    }
}

fn utf8(text: Vec<u8>) -> Result<String, UploadError> {
    String::from_utf8(text).map_err(|_| UploadError::NotUtf8)
}

/// The last component of what a sender calls its file: some send the whole path.
fn plain_name(name: Option<&str>, unnamed: &str) -> String {
    let name = name.unwrap_or_default();
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let name: String = name.chars().filter(|c| !c.is_control()).take(255).collect();
    if name.is_empty() { unnamed.into() } else { name }
}
