use std::io;

use longhaul_multipart::Malformed;

use super::form::{MAX_TEXT, MAX_TEXT_FILES};

/// Why a body could not be received. The texts are sent to clients.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    #[error("The file is larger than {limit} bytes.")]
    TooLarge { limit: u64 },
    #[error("The server has no room for the file.")]
    NoSpace,
    #[error("Too many files are being received, or too many of yours; please try again later.")]
    Busy,
    #[error("The Content-Type of the form has no boundary, or one that is not legal.")]
    NoBoundary,
    #[error("The body could not be read: {0}.")]
    Malformed(#[from] Malformed),
    #[error("The fields of the form hold more than {} bytes of text.", MAX_TEXT)]
    LongTexts,
    #[error("The documents in the form are longer than {} bytes.", MAX_TEXT_FILES)]
    LongTextFiles,
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
