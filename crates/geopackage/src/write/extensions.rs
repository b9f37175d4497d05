//! `gpkg_extensions`: which extensions of the specification a file uses.

use longhaul_geodata::geometry::GeometryTypeCode;
use rusqlite::{Connection, Result, params};

/// The tables that hold the metadata extension.
const METADATA_TABLES: [&str; 2] = ["gpkg_metadata", "gpkg_metadata_reference"];
const METADATA: &str = "http://www.geopackage.org/spec120/#extension_metadata";
const RTREE: &str = "http://www.geopackage.org/spec120/#extension_rtree";
const GEOMETRY_TYPES: &str = "http://www.geopackage.org/spec120/#extension_geometry_types";

/// Says that the geometries of a table have an R-tree.
pub(super) fn add_rtree(connection: &Connection, table: &str, column: &str) -> Result<()> {
    add(connection, table, Some(column), "gpkg_rtree_index", RTREE, "write-only")
}

/// Says that there are metadata documents.
pub(super) fn add_metadata(connection: &Connection) -> Result<()> {
    let known: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM gpkg_extensions WHERE extension_name = 'gpkg_metadata')",
        [],
        |row| row.get(0),
    )?;
    if known {
        return Ok(());
    }
    METADATA_TABLES
        .iter()
        .try_for_each(|table| add(connection, table, None, "gpkg_metadata", METADATA, "read-write"))
}

/// Says that a geometry column has geometries of this type, if the core of the specification does not have it.
pub(super) fn add_geometry_type(
    connection: &Connection,
    table: &str,
    column: &str,
    code: GeometryTypeCode,
) -> Result<()> {
    let kind = code.geometry_type().name;
    let is_core = code.get() % 1000 <= 7;
    if is_core {
        return Ok(());
    }
    add(connection, table, Some(column), &format!("gpkg_geom_{kind}"), GEOMETRY_TYPES, "read-write")
}

fn add(
    connection: &Connection,
    table: &str,
    column: Option<&str>,
    name: &str,
    definition: &str,
    scope: &str,
) -> Result<()> {
    connection.execute(
        "INSERT OR IGNORE INTO gpkg_extensions VALUES (?1, ?2, ?3, ?4, ?5)",
        params![table, column, name, definition, scope],
    )?;
    Ok(())
}
