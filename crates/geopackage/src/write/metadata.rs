//! The metadata document of a layer.

use longhaul_geodata::{Layer, SinkError};
use rusqlite::{Connection, params};

use super::{extensions, frame, sqlite_error};

/// The standard of geographic metadata, ISO 19139. The repository does not say which one a document follows.
const STANDARD: &str = "http://www.isotc211.org/2005/gmd";

/// Writes the layer's document, if it has one.
pub(super) fn write(
    connection: &Connection,
    table: &str,
    layer: &Layer,
    time: &str,
) -> Result<(), SinkError> {
    match layer.metadata_xml.as_deref().filter(|xml| !xml.is_empty()) {
        Some(xml) => insert(connection, table, xml, time)
            .map_err(|error| sqlite_error("the metadata document of a layer", error)),
        None => Ok(()),
    }
}

fn insert(connection: &Connection, table: &str, xml: &str, time: &str) -> rusqlite::Result<()> {
    connection.execute_batch(frame::METADATA)?;
    extensions::add_metadata(connection)?;
    connection.execute(
        "INSERT INTO gpkg_metadata (md_scope, md_standard_uri, mime_type, metadata)
         VALUES ('dataset', ?1, 'text/xml', ?2)",
        [STANDARD, xml],
    )?;
    connection.execute(
        "INSERT INTO gpkg_metadata_reference VALUES ('table', ?1, NULL, NULL, ?2, ?3, NULL)",
        params![table, time, connection.last_insert_rowid()],
    )?;
    Ok(())
}
