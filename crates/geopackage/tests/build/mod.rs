//! Makes GeoPackages to read.

#![allow(dead_code, reason = "each test file uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};

use longhaul_geodata::Value;
use longhaul_geopackage::{Error, GeoPackage, Reader, Table};
use rusqlite::Connection;
use tempfile::TempDir;

/// What messages call the files made here.
pub const SHOWN_NAME: &str = "upload.gpkg";

const TABLES: &str = "
    PRAGMA application_id = 0x47504B47;
    CREATE TABLE gpkg_spatial_ref_sys(srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY,
        organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
    CREATE TABLE gpkg_contents(table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
        description TEXT DEFAULT '', last_change DATETIME, min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
        srs_id INTEGER);
    CREATE TABLE gpkg_geometry_columns(table_name TEXT NOT NULL, column_name TEXT NOT NULL,
        geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL);
    INSERT INTO gpkg_spatial_ref_sys VALUES
        ('undefined', 0, 'NONE', 0, 'undefined', NULL),
        ('WGS 84', 4326, 'EPSG', 4326, 'GEOGCS[\"WGS 84\",AUTHORITY[\"EPSG\",\"4326\"]]', NULL),
        ('NZTM', 2193, 'EPSG', 2193, 'PROJCS[\"NZTM\",AUTHORITY[\"EPSG\",\"2193\"]]', NULL);
";

/// A file in a folder of its own.
pub struct Sample {
    folder: TempDir,
    path: PathBuf,
}

impl Sample {
    /// A GeoPackage in which `sql` was run.
    pub fn package(sql: &str) -> Self {
        Self::database(&format!("{TABLES}{sql}"))
    }

    /// An SQLite file in which nothing but `sql` was run.
    pub fn database(sql: &str) -> Self {
        let sample = Self::bytes(b"");
        sample.write(|connection| connection.execute_batch(sql).unwrap());
        sample
    }

    /// A file of any bytes.
    pub fn bytes(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("7f3a?b%20#.sqlite");
        fs::write(&path, bytes).unwrap();
        Self { folder, path }
    }

    /// Changes it as SQLite would.
    pub fn write<T>(&self, change: impl FnOnce(&Connection) -> T) -> T {
        let connection = Connection::open(&self.path).unwrap();
        connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;").unwrap();
        let result = change(&connection);
        connection.close().unwrap();
        result
    }

    /// Changes its bytes.
    pub fn patch(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(&self.path).unwrap();
        change(&mut bytes);
        fs::write(&self.path, bytes).unwrap();
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn try_open(&self) -> Result<GeoPackage, Error> {
        GeoPackage::open(&self.path, SHOWN_NAME)
    }

    pub fn open(&self) -> GeoPackage {
        self.try_open().unwrap()
    }

    /// Why it does not open, as a person would read it.
    pub fn refusal(&self) -> String {
        self.message(&self.try_open().unwrap_err())
    }

    /// An error and its causes; the place of the file must not be among the words.
    pub fn message(&self, error: &Error) -> String {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        assert!(!text.contains(self.folder.path().to_str().unwrap()), "{text}");
        assert!(!text.contains("7f3a"), "{text}");
        text
    }
}

/// All features of a layer as texts, a line each: the values in Rust's notation.
pub fn features(package: &GeoPackage, layer: &str) -> Result<Vec<String>, Error> {
    let table = package.layer(layer)?;
    features_of(&package.reader()?, package, &table, 1)
}

/// The features of a table read in so many parts.
pub fn features_of(
    reader: &Reader,
    package: &GeoPackage,
    table: &Table,
    parts: usize,
) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    for part in package.parts(table, parts)? {
        for batch in reader.batches(&part)? {
            lines.extend(batch?.rows().map(|row| row.values().map(shown).collect::<Vec<_>>().join(" ")));
        }
    }
    Ok(lines)
}

fn shown(value: Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Text(text) => format!("{text:?}"),
        Value::Blob(bytes) => format!("{bytes:x?}"),
        Value::Geometry(bytes) => format!("geometry of {} bytes", bytes.len()),
    }
}

/// A point in the form that datasets store, in SQL.
pub const POINT: &str = "x'47500001e61000000101000000000000000000f03f0000000000000040'";
