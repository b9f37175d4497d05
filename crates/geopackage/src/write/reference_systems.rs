//! `gpkg_spatial_ref_sys`: the reference systems of the layers, with their stored definitions.

use std::collections::HashMap;

use longhaul_geodata::{Crs, DataType, Layer, SinkError};
use rusqlite::{Connection, params};

use super::sqlite_error;

/// The number for layers whose reference system is not known: the specification's undefined Cartesian one.
const UNDEFINED: i32 = -1;
/// The first number for systems that have none of their own.
const FIRST_FREE: i32 = 100_000;

/// The rows that every file has, unless a layer brings its own definition.
const REQUIRED: [(&str, i32, &str, i32, &str); 3] = [
    ("Undefined Cartesian", -1, "NONE", -1, "undefined"),
    ("Undefined geographic", 0, "NONE", 0, "undefined"),
    (
        "WGS 84",
        4326,
        "EPSG",
        4326,
        "GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563,AUTHORITY[\"EPSG\",\"7030\"]],\
         AUTHORITY[\"EPSG\",\"6326\"]],PRIMEM[\"Greenwich\",0,AUTHORITY[\"EPSG\",\"8901\"]],\
         UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],AUTHORITY[\"EPSG\",\"4326\"]]",
    ),
];

/// The systems that were written. Two layers may have different definitions under one identifier.
#[derive(Default)]
pub(super) struct ReferenceSystems {
    written: HashMap<Crs, i32>,
}

impl ReferenceSystems {
    /// The number of a layer's reference system, whose row is written if it is new.
    pub(super) fn of_layer(&mut self, connection: &Connection, layer: &Layer) -> Result<i32, SinkError> {
        let Some(crs) = crs_of(layer) else { return Ok(UNDEFINED) };
        if let Some(srs_id) = self.written.get(&crs) {
            return Ok(*srs_id);
        }
        let srs_id = self.number(&crs.identifier);
        insert(connection, &crs, srs_id).map_err(|error| sqlite_error("gpkg_spatial_ref_sys", error))?;
        self.written.insert(crs, srs_id);
        Ok(srs_id)
    }

    /// Writes the required rows.
    pub(super) fn complete(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut insert = connection
            .prepare("INSERT OR IGNORE INTO gpkg_spatial_ref_sys VALUES (?1, ?2, ?3, ?4, ?5, NULL)")?;
        REQUIRED.into_iter().try_for_each(|row| insert.execute(row).map(drop))
    }

    /// The number that the identifier names, unless it is taken.
    fn number(&self, identifier: &str) -> i32 {
        let is_taken = |number: i32| self.written.values().any(|taken| *taken == number);
        let own = authority(identifier).map(|(_, code)| code).filter(|code| !is_taken(*code));
        let mut free = (FIRST_FREE..i32::MAX).filter(|number| !is_taken(*number));
        own.or_else(|| free.next()).unwrap_or(UNDEFINED)
    }
}

/// The system of the layer's geometries; that of a layer without geometries is the first one that it names.
fn crs_of(layer: &Layer) -> Option<Crs> {
    let Some(geometry) = layer.schema.geometry() else { return layer.crs.first().cloned() };
    let DataType::Geometry { crs: Some(identifier), .. } = &layer.schema.columns[geometry].data_type else {
        return None;
    };
    let known = layer.geometry_crs().cloned();
    Some(known.unwrap_or_else(|| Crs { identifier: identifier.clone(), wkt: "undefined".to_owned() }))
}

/// `EPSG:4326` as its two parts, if the second one is a number above zero.
fn authority(identifier: &str) -> Option<(&str, i32)> {
    let (name, code) = identifier.split_once(':')?;
    let code = code.parse().ok().filter(|code| *code > 0)?;
    Some((name, code))
}

fn insert(connection: &Connection, crs: &Crs, srs_id: i32) -> rusqlite::Result<()> {
    let (organization, code) = authority(&crs.identifier).unwrap_or(("NONE", srs_id));
    connection.execute(
        "INSERT INTO gpkg_spatial_ref_sys VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
        params![crs.identifier, srs_id, organization, code, crs.wkt.trim_end()],
    )?;
    Ok(())
}
