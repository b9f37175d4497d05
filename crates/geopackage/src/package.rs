//! A file and its layers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use crate::catalog::Catalog;
use crate::file::FileHeader;
use crate::part::{self, Part};
use crate::{Error, Interrupter, Reader, Table, connection};

/// An open GeoPackage.
#[derive(Debug)]
pub struct GeoPackage {
    source: Arc<Source>,
    connection: Connection,
    notes: Vec<String>,
}

/// Where a package's bytes are, shared by all who read them.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    /// What errors call the file.
    pub(crate) shown_name: String,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Stops its readers.
    pub(crate) interrupter: Interrupter,
}

impl GeoPackage {
    /// Opens the file at `path`, which nobody may change meanwhile; errors and notes call it `shown_name`.
    ///
    /// # Errors
    /// If it is no GeoPackage, or not all of one.
    pub fn open(path: &Path, shown_name: &str) -> Result<Self, Error> {
        let header = FileHeader::read(path, shown_name)?;
        let source = Arc::new(Source {
            path: path.to_owned(),
            shown_name: shown_name.to_owned(),
            size: header.size,
            interrupter: Interrupter::default(),
        });
        let connection = source.connect()?;
        let package = Self { source, connection, notes: notes(&header, shown_name) };
        package.check_kind(&header)?;
        Ok(package)
    }

    /// What the person who brought the file should know about it as a whole, a sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The names of its layers, sorted: all tables but those of the system.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn layer_names(&self) -> Result<Vec<String>, Error> {
        Ok(self.catalog()?.layers())
    }

    /// Looks at the layer `name`.
    ///
    /// # Errors
    /// If there is none, or if it is not made like a dataset: with a primary key of several columns, say.
    pub fn layer(&self, name: &str) -> Result<Table, Error> {
        self.describe(name, None)
    }

    /// Looks at the layer `name`, taking `column` for its primary key whatever the file says.
    ///
    /// # Errors
    /// As [`Self::layer`], and if there is no column of exactly this name.
    pub fn layer_keyed_by(&self, name: &str, column: &str) -> Result<Table, Error> {
        self.describe(name, Some(column))
    }

    /// Splits the rows of a layer into at most `count` parts of about as many rows each, if they are numbered evenly.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn parts(&self, table: &Table, count: usize) -> Result<Vec<Part>, Error> {
        part::split(&self.connection, table, count).map_err(|source| {
            self.error(format!("counting the rows of layer {:?}", table.layer.name), source)
        })
    }

    /// A reader for one thread, with a connection of its own.
    ///
    /// # Errors
    /// If the file is gone.
    pub fn reader(&self) -> Result<Reader, Error> {
        let connection = self.source.connect()?;
        Ok(Reader::new(Arc::clone(&self.source), connection))
    }

    /// What stops this package and all its readers.
    pub fn interrupter(&self) -> Interrupter {
        self.source.interrupter.clone()
    }

    fn describe(&self, name: &str, key: Option<&str>) -> Result<Table, Error> {
        let file = &self.source.shown_name;
        let catalog = self.catalog()?;
        if !catalog.has_layer(name) {
            return Err(Error::NoSuchLayer { file: file.clone(), layer: name.to_owned() });
        }
        Table::describe(&self.connection, &catalog, file, name, key)
    }

    fn catalog(&self) -> Result<Catalog, Error> {
        self.source.check_interrupt()?;
        Catalog::read(&self.connection).map_err(|source| self.error("listing its tables", source))
    }

    /// Makes sure that it is a GeoPackage, by its mark or by its tables.
    fn check_kind(&self, header: &FileHeader) -> Result<(), Error> {
        let catalog = self.catalog()?;
        let has_tables = catalog.has_table("gpkg_contents")
            && (catalog.has_table("gpkg_spatial_ref_sys") || catalog.has_table("gpkg_geometry_columns"));
        if header.marked_as_geopackage || has_tables {
            return Ok(());
        }
        Err(Error::NotGeoPackage { file: self.source.shown_name.clone() })
    }

    fn error(&self, doing: impl Into<String>, source: rusqlite::Error) -> Error {
        Error::from_sqlite(&self.source.shown_name, doing, source)
    }
}

impl Source {
    fn connect(&self) -> Result<Connection, Error> {
        let connection = connection::open(&self.path)
            .map_err(|source| Error::from_sqlite(&self.shown_name, "opening it", source))?;
        self.interrupter.watch(&connection);
        Ok(connection)
    }

    pub(crate) fn check_interrupt(&self) -> Result<(), Error> {
        if self.interrupter.is_interrupted() {
            return Err(Error::Interrupted { file: self.shown_name.clone() });
        }
        Ok(())
    }
}

fn notes(header: &FileHeader, shown_name: &str) -> Vec<String> {
    let wal = header.wal.then(|| {
        format!(
            "{shown_name} was in WAL mode: edits that the program writing it had left in {shown_name}-wal are not in it"
        )
    });
    wal.into_iter().collect()
}
