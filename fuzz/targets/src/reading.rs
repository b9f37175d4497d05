//! Reads a GeoPackage like an import, and checks invariants of every file.

use std::error::Error;
use std::path::Path;

use longhaul_geodata::{Layer, Value};
use longhaul_geopackage::{GeoPackage, Table};
use tempfile::NamedTempFile;

use crate::geometry::check_stored;

/// The file name in messages.
const SHOWN_NAME: &str = "upload.gpkg";

/// Reads a file with these bytes.
pub(crate) fn read_bytes(bytes: &[u8]) {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    read(file.path());
}

/// Reads all layers of a file.
pub(crate) fn read(path: &Path) {
    let check_message = |error: longhaul_geopackage::Error| assert_no_server_path(path, &chain(&error));
    let package = match GeoPackage::open(path, SHOWN_NAME) {
        Ok(package) => package,
        Err(error) => return check_message(error),
    };
    package.warnings().iter().for_each(|warning| assert_no_server_path(path, &warning.to_string()));
    assert!(package.layer_names().is_sorted(), "layers are sorted");
    for name in package.layer_names() {
        if let Err(error) = read_layer(&package, name, path) {
            check_message(error);
        }
    }
}

fn read_layer(package: &GeoPackage, name: &str, path: &Path) -> Result<(), longhaul_geopackage::Error> {
    let table = package.layer(name)?;
    assert_eq!(table.layer.name, name);
    table.warnings.iter().for_each(|warning| assert_no_server_path(path, &warning.to_string()));
    for column in table.layer.schema.columns.clone() {
        // A request may choose any column as the key.
        package.layer_keyed_by(name, &column.name)?;
    }
    let whole = count(package, &table, 1)?;
    let in_parts = count(package, &table, 3)?;
    assert_eq!(whole, in_parts, "a layer has as many features in three parts as in one");
    Ok(())
}

fn count(package: &GeoPackage, table: &Table, parts: usize) -> Result<usize, longhaul_geopackage::Error> {
    let reader = package.reader()?;
    let mut count = 0;
    for part in package.parts(table, parts)? {
        for batch in reader.batches(&part)? {
            let batch = batch?;
            assert!(!batch.is_empty(), "an empty batch is not handed on");
            batch.rows().for_each(|row| check_row(&table.layer, row.values()));
            count += batch.len();
        }
    }
    Ok(count)
}

fn check_row<'a>(layer: &Layer, values: impl ExactSizeIterator<Item = Value<'a>>) {
    assert_eq!(values.len(), layer.schema.columns.len(), "a feature has a value for each column");
    for value in values {
        if let Value::Geometry(stored) = value {
            check_stored(stored);
        }
    }
}

/// Messages for clients contain no path of the server and have a limited length.
fn assert_no_server_path(path: &Path, text: &str) {
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(!text.contains(name), "{text}");
    assert!(text.len() < 100_000, "a message of {} bytes", text.len());
}

fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
