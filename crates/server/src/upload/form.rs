//! Collects the fields of a form.

use std::mem;

use bytes::Bytes;
use longhaul_multipart::{Head, Piece};

use super::{
    UploadError,
    receiver::{Received, ReceivedFile, Receiver, TextFile, UploadOptions},
    spool::Spool,
};

/// The form field that holds the file.
const FILE: &str = "fileUpload";
/// Most bytes of all text fields together.
pub(super) const MAX_TEXT: usize = 16 * 1024;
/// Most bytes of all text files together.
pub(super) const MAX_TEXT_FILES: usize = 1 << 20;

/// A `multipart/form-data` body that is being received.
pub(super) struct Form<'a> {
    receiver: &'a Receiver,
    options: UploadOptions,
    received: Received,
    part: Part,
    text_length: usize,
    text_files_length: usize,
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
    /// With a name if it was sent as a file.
    TextFile {
        field: String,
        name: Option<String>,
        text: Vec<u8>,
    },
}

impl<'a> Form<'a> {
    pub(super) fn new(receiver: &'a Receiver, options: UploadOptions) -> Self {
        Self {
            receiver,
            options,
            received: Received::default(),
            part: Part::None,
            text_length: 0,
            text_files_length: 0,
        }
    }

    /// The content of the form, once every piece was pushed.
    pub(super) fn into_received(self) -> Received {
        self.received
    }

    pub(super) async fn push(&mut self, piece: Piece) -> Result<(), UploadError> {
        match piece {
            Piece::Begin(head) => self.begin(head),
            Piece::Content(chunk) => self.content(chunk).await,
            Piece::End => self.end().await,
        }
    }

    fn begin(&mut self, head: Head) -> Result<(), UploadError> {
        let default = self.options.default_file_name;
        self.part = if self.options.text_file_fields.contains(&head.name.as_str()) {
            let name = head.file_name.map(|name| base_name(Some(&name), default));
            Part::TextFile { field: head.name, name, text: Vec::new() }
        } else if head.name != FILE && head.file_name.is_some() {
            // A file in any other field is ignored.
            Part::None
        } else if head.name != FILE {
            Part::Text { field: head.name, text: Vec::new() }
        } else if self.received.file.is_none() {
            Part::File {
                name: base_name(head.file_name.as_deref(), default),
                spool: self.receiver.spool(self.options),
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
            Part::TextFile { text, .. } => {
                self.text_files_length += chunk.len();
                if self.text_files_length > MAX_TEXT_FILES {
                    return Err(UploadError::LongTextFiles);
                }
                text.extend_from_slice(&chunk);
                Ok(())
            }
            Part::Text { text, .. } => {
                self.text_length += chunk.len();
                if self.text_length > MAX_TEXT {
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
            Part::Text { field, text } | Part::TextFile { field, name: None, text } => {
                self.received.texts.push((field, utf8(text)?));
            }
            Part::TextFile { field, name: Some(name), text } => {
                self.received.text_files.push(TextFile { field, name, text: utf8(text)? });
            }
        }
        Ok(())
    }
}

fn utf8(text: Vec<u8>) -> Result<String, UploadError> {
    String::from_utf8(text).map_err(|_| UploadError::NotUtf8)
}

/// The last component of the file name that the client gave: some clients send the whole path.
pub(super) fn base_name(name: Option<&str>, default: &str) -> String {
    let name = name.unwrap_or_default();
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let name: String = name.chars().filter(|c| !c.is_control()).take(255).collect();
    if name.is_empty() { default.into() } else { name }
}
