//! Texts of a file's metadata.

use rusqlite::{Result, Row};

/// A text of limited length.
#[derive(Clone, Debug, Default)]
pub(crate) enum MetadataText {
    /// None, or an empty one.
    #[default]
    Absent,
    /// A text that is not empty. What is not UTF-8 in it is replaced.
    Present(String),
    /// A text that is longer than the limit, and is left out.
    TooLong,
}

impl MetadataText {
    /// The value of a column, if it is a text of at most `most` bytes.
    pub(crate) fn read(row: &Row<'_>, column: usize, most: usize) -> Result<Self> {
        Ok(match row.get_ref(column)? {
            rusqlite::types::ValueRef::Text(b"") => Self::Absent,
            rusqlite::types::ValueRef::Text(text) if text.len() > most => Self::TooLong,
            rusqlite::types::ValueRef::Text(text) => {
                Self::Present(String::from_utf8_lossy(text).into_owned())
            }
            _ => Self::Absent,
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

    /// How many bytes are kept.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Present(text) => text.len(),
            Self::Absent | Self::TooLong => 0,
        }
    }
}
