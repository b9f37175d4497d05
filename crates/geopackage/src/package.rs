//! A file and its layers.

use std::path::Path;
use std::sync::Arc;

use longhaul_geodata::short;
use rusqlite::Connection;

use crate::catalog::{Catalog, Objects};
use crate::describe::{self, Source};
use crate::file_header::FileHeader;
use crate::metadata::{Metadata, SystemTables};
use crate::quote::quote;
use crate::rows::split;
use crate::source_file::SourceFile;
use crate::warnings::Warnings;
use crate::{Error, Interrupter, Part, Reader, Table, Warning};

/// An open GeoPackage.
#[derive(Debug)]
pub struct GeoPackage {
    source: Arc<SourceFile>,
    connection: Connection,
    objects: Objects,
    metadata: Metadata,
    catalog: Catalog,
    warnings: Vec<Warning>,
    is_wal: bool,
    lacks_edits: bool,
    is_lenient: bool,
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
        let objects = Objects::read(&connection, shown_name)?;
        check_kind(&header, &objects, shown_name)?;
        let listing = |error| Error::from_sqlite(shown_name, "listing its tables", error);
        let tables = SystemTables { connection: &connection, objects: &objects };
        let metadata = Metadata::read(tables).map_err(listing)?;
        let catalog = Catalog::read(&connection, &objects, &metadata.contents).map_err(listing)?;
        let of_documents = metadata.documents.left_out(tables).map_err(listing)?;
        let left_out = catalog.left_out.sentences().chain(metadata.extensions.left_out()).chain(of_documents);
        let mut warnings = Warnings::default();
        warnings.extend(left_out.map(|text| Warning::of_file(text, true)));
        warnings.extend(header.is_too_long().then(|| too_long(&header, shown_name)));
        let lacks_edits = header.wal && (has_wal_beside(path) || catalog.left_out.has_missing());
        warnings.extend(lacks_edits.then(|| wal_warning(shown_name)));
        Ok(Self {
            source,
            connection,
            objects,
            metadata,
            catalog,
            warnings: warnings.into_vec(),
            is_wal: header.wal,
            lacks_edits,
            is_lenient: false,
        })
    }

    /// With values that cannot be read replaced instead of failing: what is not UTF-8 in texts, and by null a geometry that does
    /// not decode.
    pub fn lenient(self, is_lenient: bool) -> Self {
        Self { is_lenient, ..self }
    }

    /// Warnings about the file as a whole for the user who brought it, a sentence each.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Whether the file is in WAL mode, so that a second file beside it may have held its last edits.
    pub fn is_wal(&self) -> bool {
        self.is_wal
    }

    /// That edits may be missing, if the file is in WAL mode. Most such files are complete: this is one of [`Self::warnings`]
    /// if a `-wal` file is beside the file, or a table is missing. Then this is none.
    pub fn wal_warning(&self) -> Option<Warning> {
        (self.is_wal && !self.lacks_edits).then(|| wal_warning(&self.source.shown_name))
    }

    /// The names of its layers, sorted: the tables that `gpkg_contents` names as features or attributes, whatever they are
    /// called, and others that do not belong to the system.
    pub fn layer_names(&self) -> &[String] {
        self.catalog.layers()
    }

    /// Whether `gpkg_contents` names a layer.
    pub fn is_registered(&self, layer: &str) -> bool {
        self.catalog.is_registered(layer)
    }

    /// What there is beside layers: `2 views, 1 table of raster tiles`; empty if there is nothing.
    pub fn other_contents(&self) -> String {
        self.catalog.left_out.summary()
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
        split(&self.connection, table, count, self.is_lenient).map_err(|source| {
            self.error(format!("counting the rows of layer {:?}", short(&table.layer.name)), source)
        })
    }

    /// Counts the rows of a layer, for files that do not say how many there are. `None` if that fails; reading
    /// the rows then gives the error.
    pub fn count_rows(&self, table: &Table) -> Option<u64> {
        let count = format!("SELECT count(*) FROM {}", quote(&table.layer.name));
        let count = self.connection.query_row(&count, [], |row| row.get::<_, i64>(0));
        count.ok().and_then(|count| u64::try_from(count).ok())
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
        let tables = SystemTables { connection: &self.connection, objects: &self.objects };
        let source = Source { tables, metadata: &self.metadata, catalog: &self.catalog, file };
        describe::describe(source, name, key)
    }

    fn error(&self, doing: impl Into<String>, source: rusqlite::Error) -> Error {
        Error::from_sqlite(&self.source.shown_name, doing, source)
    }
}

/// Makes sure that it is a GeoPackage, by its mark or by its tables.
fn check_kind(header: &FileHeader, objects: &Objects, shown_name: &str) -> Result<(), Error> {
    let has_tables = objects.has_table("gpkg_contents")
        && (objects.has_table("gpkg_spatial_ref_sys") || objects.has_table("gpkg_geometry_columns"));
    if header.marked_as_geopackage || has_tables {
        return Ok(());
    }
    Err(Error::NotGeoPackage { file: shown_name.to_owned() })
}

/// Whether a file with edits lies beside the file, as where a program has it open.
fn has_wal_beside(path: &Path) -> bool {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    std::fs::metadata(wal).is_ok_and(|wal| wal.len() > 0)
}

fn wal_warning(file: &str) -> Warning {
    let text = format!("{file} is in WAL mode: edits that were left in {file}-wal beside it are not in it");
    Warning::of_file(text, true)
}

fn too_long(header: &FileHeader, file: &str) -> Warning {
    let (size, expected) = (header.size, header.expected_size.unwrap_or_default());
    let text = format!(
        "{file} has {size} bytes, but {expected} by its header: was it copied while a program wrote to it?"
    );
    Warning::of_file(text, false)
}
