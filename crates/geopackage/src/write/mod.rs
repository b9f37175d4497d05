//! Writes GeoPackages, version 1.3.
//!
//! The file is written without a journal and without syncs, so it is damaged if the writer is dropped before
//! [`finish`](longhaul_geodata::LayerSink::finish): a caller writes beside the final place and renames afterwards.

mod change_log;
mod column;
mod extensions;
mod frame;
mod key;
mod layer_table;
mod metadata;
mod names;
mod reference_systems;
mod rtree;
mod triggers;

use std::path::{Path, PathBuf};

use longhaul_geodata::{Batch, Layer, LayerSink, SinkError, geometry::Extent, short};
use rusqlite::{Connection, OpenFlags, params};

use change_log::ChangeLog;
use layer_table::LayerTable;
use names::Names;
use reference_systems::ReferenceSystems;

pub use change_log::ChangeOperation;
pub use column::type_after_import;
pub(crate) use key::AUTO_KEY;

/// Writes a new GeoPackage.
pub struct GeoPackageWriter {
    connection: Connection,
    /// Where temporary files are made.
    folder: PathBuf,
    /// `YYYY-MM-DDThh:mm:ss.sssZ`.
    last_change: String,
    reference_systems: ReferenceSystems,
    tables: Names,
    titles: Names,
    table: Option<LayerTable>,
    change_log: Option<ChangeLog>,
    warnings: Vec<String>,
}

impl GeoPackageWriter {
    /// Creates the file, which must not exist. `last_change` is the time of the last change of all layers, in UTC:
    /// `2026-01-31T12:00:00.000Z`.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(path: &Path, last_change: &str) -> Result<Self, SinkError> {
        std::fs::File::create_new(path)?;
        let connection = open(path).map_err(|error| sqlite_error("the file", error))?;
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        Ok(Self {
            connection,
            folder,
            last_change: last_change.to_owned(),
            reference_systems: ReferenceSystems::default(),
            tables: Names::default(),
            titles: Names::default(),
            table: None,
            change_log: None,
            warnings: Vec::new(),
        })
    }

    /// Gives the layer that was begun a table `LAYER_changes`, which is not a layer itself.
    ///
    /// # Errors
    /// If no layer was begun, or the file cannot be written.
    pub fn begin_change_log(&mut self) -> Result<(), SinkError> {
        let Some(table) = &self.table else {
            return Err(SinkError::unsupported("a change log came before a layer"));
        };
        let name = self.tables.free(&format!("{}_changes", table.name));
        let log = ChangeLog::create(&self.connection, &name).map_err(|error| sqlite_error(&name, error))?;
        self.change_log = Some(log);
        Ok(())
    }

    /// Writes into the change log of the layer what happened to a feature.
    ///
    /// # Errors
    /// If there is no change log, or the file cannot be written.
    pub fn log_change(&self, feature: &str, operation: ChangeOperation) -> Result<(), SinkError> {
        let Some(log) = &self.change_log else {
            return Err(SinkError::unsupported("a change came before its change log"));
        };
        let inserted = log.insert(&self.connection, feature, operation);
        inserted.map_err(|error| sqlite_error("the change log", error))
    }

    fn begin_table(&mut self, layer: &Layer) -> Result<(), SinkError> {
        let srs_id = self.reference_systems.of_layer(&self.connection, layer)?;
        let name = self.tables.free(&table_name(&layer.name));
        let table = LayerTable::create(&self.connection, name, layer, srs_id, &self.folder)?;
        metadata::write(&self.connection, &table.name, layer, &self.last_change)?;
        self.table = Some(table);
        Ok(())
    }

    fn add_contents(&mut self, table: &LayerTable, extent: Option<Extent>) -> rusqlite::Result<()> {
        let title = table.title.as_ref().map(|title| self.titles.free(title));
        if title != table.title {
            let (name, title) = (short(&table.name), title.as_deref().map(short).unwrap_or_default());
            self.warnings
                .push(format!("layer {name:?} has the title of another layer and is called {title:?}"));
        }
        self.connection.execute(
            "INSERT INTO gpkg_contents VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                table.name,
                if table.geometry.is_some() { "features" } else { "attributes" },
                title,
                table.description.as_deref().unwrap_or_default(),
                self.last_change,
                extent.map(|extent| extent.min_x),
                extent.map(|extent| extent.min_y),
                extent.map(|extent| extent.max_x),
                extent.map(|extent| extent.max_y),
                table.srs_id,
            ],
        )?;
        Ok(())
    }
}

impl LayerSink for GeoPackageWriter {
    fn begin(&mut self, layer: &Layer) -> Result<(), SinkError> {
        self.begin_table(layer)
    }

    fn write(&mut self, features: &Batch) -> Result<(), SinkError> {
        match &mut self.table {
            Some(table) => table.insert(&self.connection, features),
            None => Err(SinkError::unsupported("features came before a layer")),
        }
    }

    fn end(&mut self, is_stopped: &dyn Fn() -> bool) -> Result<(), SinkError> {
        let Some(mut table) = self.table.take() else { return Ok(()) };
        self.change_log = None;
        let extent = table.finish(&self.connection, is_stopped)?;
        self.add_contents(&table, extent).map_err(|error| sqlite_error("gpkg_contents", error))?;
        self.warnings.append(&mut table.warnings());
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<String>, SinkError> {
        let Self { connection, reference_systems, warnings, .. } = *self;
        reference_systems
            .complete(&connection)
            .map_err(|error| sqlite_error("gpkg_spatial_ref_sys", error))?;
        connection.execute_batch("COMMIT").map_err(|error| sqlite_error("the file", error))?;
        connection.close().map_err(|(_, error)| sqlite_error("the file", error))?;
        Ok(warnings)
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(
        "PRAGMA journal_mode = OFF;
         PRAGMA synchronous = OFF;
         PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA cache_size = -32768;
         PRAGMA temp_store = MEMORY;
         PRAGMA foreign_keys = OFF;
         BEGIN;",
    )?;
    connection.execute_batch(frame::FRAME)?;
    Ok(connection)
}

/// The name of a layer's table, as Kart's working copies have it.
fn table_name(path: &str) -> String {
    let name = path.replace('/', "__");
    match names::is_reserved(&name) {
        true => format!("_{name}"),
        false => name,
    }
}

/// What SQLite says of a file that we write ourselves, without the path of the file.
fn sqlite_error(what: &str, error: rusqlite::Error) -> SinkError {
    SinkError::Library { what: what.to_owned(), source: Box::new(crate::error::redact(error)) }
}
