//! Texts of a file's metadata.

use rusqlite::{Result, Row};

/// A text of limited length.
#[derive(Debug, Default)]
pub(crate) enum MetadataText {
    /// None, or an empty one.
    #[default]
    Absent,
    /// A text that is not empty.
    Present(String),
    /// A text that is longer than the limit, and is left out.
    TooLong,
}

impl MetadataText {
    /// The value of a column, if it is a text of at most `most` bytes.
    pub(crate) fn read(row: &Row<'_>, column: usize, most: usize) -> Result<Self> {
        Ok(match row.get_ref(column)?.as_str() {
            Ok("") | Err(_) => Self::Absent,
            Ok(text) if text.len() > most => Self::TooLong,
            Ok(text) => Self::Present(text.to_owned()),
        })
    }

    /// The text, if it is there and short enough.
    pub(crate) fn present(self) -> Option<String> {
        match self {
            Self::Present(text) => Some(text),
            Self::Absent | Self::TooLong => None,
        }
    }

    pub(crate) fn is_too_long(&self) -> bool {
        matches!(self, Self::TooLong)
    }
}
