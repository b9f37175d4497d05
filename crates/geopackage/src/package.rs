//! A file and its layers.

use std::path::Path;
use std::sync::Arc;

use longhaul_geodata::short;
use rusqlite::Connection;

use crate::catalog::Catalog;
use crate::file_header::FileHeader;
use crate::metadata::Metadata;
use crate::part::{self, Part};
use crate::source_file::SourceFile;
use crate::warnings::Warnings;
use crate::{Error, Interrupter, Reader, Table, describe};

/// An open GeoPackage.
#[derive(Debug)]
pub struct GeoPackage {
    source: Arc<SourceFile>,
    connection: Connection,
    catalog: Catalog,
    warnings: Vec<String>,
}

impl GeoPackage {
    /// Opens the file at `path`, which must not change while it is open. Errors and warnings call it `shown_name`.
    ///
    /// # Errors
    /// If it is not a GeoPackage, or is truncated.
    pub fn open(path: &Path, shown_name: &str) -> Result<Self, Error> {
        Self::open_interruptible(path, shown_name, &Interrupter::default())
    }

    /// As [`Self::open`], but the opening can be interrupted, too: a hostile file can make it take long.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_interruptible(
        path: &Path,
        shown_name: &str,
        interrupter: &Interrupter,
    ) -> Result<Self, Error> {
        let header = FileHeader::read(path, shown_name)?;
        let source = Arc::new(SourceFile {
            path: path.to_owned(),
            shown_name: shown_name.to_owned(),
            size: header.size,
            interrupter: interrupter.clone(),
        });
        let connection = source.connect()?;
        let listing = |error| Error::from_sqlite(shown_name, "listing its tables", error);
        let mut catalog = Catalog::read(&connection).map_err(listing)?;
        check_kind(&header, &catalog, shown_name)?;
        let metadata = Metadata::new(&connection, &catalog);
        let views = metadata.views().map_err(listing)?;
        let tiles = metadata.tile_tables().map_err(listing)?;
        let warnings = warnings(&header, &catalog.remove(&tiles), &views, shown_name);
        Ok(Self { source, connection, catalog, warnings })
    }

    /// Warnings about the file as a whole for the user who brought it, a sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The names of its layers, sorted: all tables but those of the system and of raster tiles.
    pub fn layer_names(&self) -> &[String] {
        self.catalog.layers()
    }

    /// Describes the layer `name`.
    ///
    /// # Errors
    /// If there is none, or if it cannot be a dataset, because its primary key has several columns, for example.
    pub fn layer(&self, name: &str) -> Result<Table, Error> {
        self.describe(name, None)
    }

    /// Describes the layer `name`, with `column` as its primary key whatever the file says.
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
            self.error(format!("counting the rows of layer {:?}", short(&table.layer.name)), source)
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

    /// Interrupts this package and all its readers.
    pub fn interrupter(&self) -> Interrupter {
        self.source.interrupter.clone()
    }

    fn describe(&self, name: &str, key: Option<&str>) -> Result<Table, Error> {
        self.source.check_interrupt()?;
        let file = &self.source.shown_name;
        if !self.layer_names().iter().any(|layer| layer == name) {
            return Err(Error::NoSuchLayer { file: file.clone(), layer: name.to_owned() });
        }
        describe::describe(&self.connection, &self.catalog, file, name, key)
    }

    fn error(&self, doing: impl Into<String>, source: rusqlite::Error) -> Error {
        Error::from_sqlite(&self.source.shown_name, doing, source)
    }
}

/// Makes sure that it is a GeoPackage, by its mark or by its tables.
fn check_kind(header: &FileHeader, catalog: &Catalog, shown_name: &str) -> Result<(), Error> {
    let has_tables = catalog.has_table("gpkg_contents")
        && (catalog.has_table("gpkg_spatial_ref_sys") || catalog.has_table("gpkg_geometry_columns"));
    if header.marked_as_geopackage || has_tables {
        return Ok(());
    }
    Err(Error::NotGeoPackage { file: shown_name.to_owned() })
}

fn warnings(header: &FileHeader, tiles: &[String], views: &[String], shown_name: &str) -> Vec<String> {
    let wal = header.wal.then(|| {
        format!(
            "{shown_name} is in WAL mode: edits that were left in {shown_name}-wal beside it are not in it"
        )
    });
    let tiles =
        tiles.iter().map(|table| format!("table {:?} holds raster tiles and was left out", short(table)));
    let views =
        views.iter().map(|view| format!("{:?} is a view, which is not run, and was left out", short(view)));
    let mut warnings = Warnings::default();
    warnings.extend(wal.into_iter().chain(tiles).chain(views));
    warnings.into_vec()
}
