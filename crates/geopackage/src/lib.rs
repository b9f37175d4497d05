//! Reads GeoPackage files, hostile ones included.
//!
//! [`GeoPackage::open`] looks at a file, [`GeoPackage::layer`] at one of its tables. To read a table's rows, split them
//! with [`GeoPackage::parts`], give each thread a [`Reader`] and each reader one part after the other:
//!
//! ```no_run
//! # fn main() -> Result<(), longhaul_geopackage::Error> {
//! let package = longhaul_geopackage::GeoPackage::open("/data/upload-17".as_ref(), "roads.gpkg")?;
//! let table = package.layer("roads")?;
//! let reader = package.reader()?;
//! for part in package.parts(&table, 1)? {
//!     for batch in reader.batches(&part)? {
//!         println!("{} features", batch?.len());
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Nothing in a file is executed: views, triggers, virtual tables, generated columns and
//! expressions are not evaluated, and names are quoted. The crate does not write, and leaves tables of raster tiles out.

mod catalog;
mod column_type;
mod connection;
mod declared_columns;
mod describe;
mod error;
mod file;
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

pub use error::{CellError, Error};
pub use interrupt::Interrupter;
pub use package::GeoPackage;
pub use part::Part;
pub use reader::{Batches, Reader};
pub use table::Table;
