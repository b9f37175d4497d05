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
mod metadata;
mod metadata_text;
mod package;
mod part;
mod quote;
mod read_plan;
mod reader;
mod source_file;
mod table;
mod warnings;
mod write;

pub use error::{CellError, Error};
pub use interrupt::Interrupter;
pub use package::GeoPackage;
pub use part::Part;
pub use reader::{Batches, Reader};
pub use table::Table;
pub use write::{GeoPackageWriter, type_after_import};
