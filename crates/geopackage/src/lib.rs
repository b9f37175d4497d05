#![doc = include_str!("../README.md")]

mod added_key;
mod catalog;
mod column_type;
mod connection;
mod declared_columns;
mod describe;
mod error;
mod file_header;
mod interrupt;
mod listing;
mod metadata;
mod package;
mod quote;
mod rows;
mod source_file;
mod table;
mod warnings;
mod write;

pub use error::{CellError, Error};
pub use interrupt::Interrupter;
pub use package::GeoPackage;
pub use rows::{Batches, Findings, Part, Reader};
pub use table::Table;
pub use warnings::Warning;
pub use write::{ChangeOperation, GeoPackageWriter, type_after_import};
