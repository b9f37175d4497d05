//! What can go wrong with a file.

use std::io;

use longhaul_geodata::geometry::GeometryError;
use longhaul_geodata::short;
use rusqlite::ErrorCode;

/// How many columns a message names.
const MOST_LISTED: usize = 10;

/// Why a file, or one of its layers, cannot be read. `file` is the name that [`crate::GeoPackage::open`] was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {file}")]
    Io {
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// It is some other kind of file.
    #[error("{file} is not a GeoPackage: it is not an SQLite file")]
    NotSqlite {
        /// The file.
        file: String,
    },
    /// It is an archive or a compressed file.
    #[error("{file} is packed by {packer}: unpack it, and import the GeoPackage in it")]
    Packed {
        /// The file.
        file: String,
        /// The kind of archive or compression.
        packer: &'static str,
    },
    /// Its end is missing.
    #[error("{file} is truncated: {expected} bytes by its header, but only {found} are there")]
    Truncated {
        /// The file.
        file: String,
        /// How many bytes the header promises.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// It is an SQLite file of some other kind.
    #[error("{file} is not a GeoPackage: it has neither the application id nor the tables of one")]
    NotGeoPackage {
        /// The file.
        file: String,
    },
    /// There is no such layer.
    #[error("{file} has no layer {:?}", short(layer))]
    NoSuchLayer {
        /// The file.
        file: String,
        /// The layer asked for.
        layer: String,
    },
    /// Several columns together tell its features apart, which a dataset cannot have.
    #[error(
        "layer {:?} of {file} has a primary key of several columns ({}), but a dataset has one",
        short(layer),
        list(columns)
    )]
    CompositeKey {
        /// The file.
        file: String,
        /// The layer.
        layer: String,
        /// The columns of the key, in its order.
        columns: Vec<String>,
    },
    /// It has more geometries per feature than a dataset can have.
    #[error(
        "layer {:?} of {file} has several geometry columns ({}), but a dataset has one",
        short(layer),
        list(columns)
    )]
    SeveralGeometries {
        /// The file.
        file: String,
        /// The layer.
        layer: String,
        /// The geometry columns.
        columns: Vec<String>,
    },
    /// Its rows are sorted by rules of the program that wrote it, so SQLite cannot read them.
    #[error(
        "layer {:?} of {file} is sorted by the collation {:?}, which only the program that wrote it has",
        short(layer),
        short(collation)
    )]
    UnknownCollation {
        /// The file.
        file: String,
        /// The layer.
        layer: String,
        /// The name of the collation.
        collation: String,
    },
    /// The column that was asked for as the primary key is not there.
    #[error("layer {:?} of {file} has no column {:?}", short(layer), short(column))]
    NoSuchColumn {
        /// The file.
        file: String,
        /// The layer.
        layer: String,
        /// The column asked for.
        column: String,
    },
    /// A value cannot be read.
    #[error("row {row} of layer {:?} of {file}: cannot read column {:?}", short(layer), short(column))]
    Cell {
        /// The file.
        file: String,
        /// The layer.
        layer: String,
        /// The row: its rowid or its primary key.
        row: String,
        /// The column.
        column: String,
        /// What is wrong with the value.
        source: Box<CellError>,
    },
    /// A value or a row is larger than a feature may be.
    #[error("{file}: a value or a row is larger than 128 MiB, noticed while {doing}")]
    TooLarge {
        /// The file.
        file: String,
        /// What was being done.
        doing: String,
    },
    /// The pages of the file contradict each other.
    #[error("{file} is damaged: {what}; was it copied while a program wrote to it?")]
    Damaged {
        /// The file.
        file: String,
        /// What contradicts, or what was being done when SQLite noticed.
        what: String,
        /// What SQLite said, if it was the one to notice.
        source: Option<rusqlite::Error>,
    },
    /// SQLite cannot do what it was asked to.
    #[error("{file}: SQLite failed while {doing}")]
    Sqlite {
        /// The file.
        file: String,
        /// What was being done.
        doing: String,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// [`crate::Interrupter::interrupt`] was called.
    #[error("reading {file} was interrupted")]
    Interrupted {
        /// The file.
        file: String,
    },
}

/// What is wrong with one value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CellError {
    /// A geometry that does not decode.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// A number or a text where a geometry should be.
    #[error("a geometry was expected, found {0}")]
    NotGeometry(&'static str),
    /// A text that is not UTF-8.
    #[error("the text is not valid UTF-8")]
    Text(#[from] std::str::Utf8Error),
}

impl Error {
    /// Whether it says that a table cannot be a dataset, whatever its rows are.
    pub fn is_about_structure(&self) -> bool {
        matches!(
            self,
            Self::CompositeKey { .. } | Self::SeveralGeometries { .. } | Self::UnknownCollation { .. }
        )
    }

    /// Classifies an error of SQLite.
    pub(crate) fn from_sqlite(file: &str, doing: impl Into<String>, source: rusqlite::Error) -> Self {
        let (file, doing) = (file.to_owned(), doing.into());
        match source.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::Interrupted { file },
            Some(ErrorCode::NotADatabase) => Self::NotSqlite { file },
            Some(ErrorCode::TooBig) => Self::TooLarge { file, doing },
            Some(ErrorCode::DatabaseCorrupt) => {
                let what = format!("noticed while {doing}");
                Self::Damaged { file, what, source: Some(redact(source)) }
            }
            _ => Self::Sqlite { file, doing, source: redact(source) },
        }
    }
}

/// An error of SQLite without what does not belong into a message: the path of the file on the server (which SQLite names if
/// it cannot open it), whole statements, and names of any length.
pub(crate) fn redact(error: rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(error, _) if error.code == ErrorCode::CannotOpen => {
            rusqlite::Error::SqliteFailure(error, None)
        }
        rusqlite::Error::SqliteFailure(error, message) => {
            rusqlite::Error::SqliteFailure(error, message.map(|message| short(&message).into_owned()))
        }
        rusqlite::Error::SqlInputError { error, msg, .. } => {
            rusqlite::Error::SqliteFailure(error, Some(short(&msg).into_owned()))
        }
        other => other,
    }
}

/// The first of the columns.
fn list(columns: &[String]) -> String {
    let mut shown: Vec<_> = columns.iter().take(MOST_LISTED).map(|column| short(column)).collect();
    if columns.len() > MOST_LISTED {
        shown.push(format!("and {} more", columns.len() - MOST_LISTED).into());
    }
    shown.join(", ")
}
