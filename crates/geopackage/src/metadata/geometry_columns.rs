//! `gpkg_geometry_columns`: which columns hold geometries.

use std::collections::HashMap;

use rusqlite::{Result, Row};

use super::LONGEST_NAME;
use super::metadata_text::MetadataText;
use super::source::{SystemTables, integer};

/// The most rows that are kept about one layer. Usual files have one; damaged ones may have endlessly many.
const MOST_ROWS: usize = 100;

/// The longest name of a type of geometry.
const LONGEST_KIND: usize = 200;

/// The rows about tables of the file, by their names in small letters.
#[derive(Debug, Default)]
pub(crate) struct GeometryColumns(HashMap<String, Vec<GeometryColumn>>);

/// A row of `gpkg_geometry_columns`.
#[derive(Clone, Debug)]
pub(crate) struct GeometryColumn {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) srs_id: Option<i64>,
    /// 0, or NULL: prohibited, 1: mandatory, 2: optional.
    pub(crate) z: i64,
    /// As `z`.
    pub(crate) m: i64,
}

impl GeometryColumns {
    pub(crate) fn read(tables: SystemTables<'_>) -> Result<Self> {
        let mut all = Self::default();
        let wanted = ["table_name", "column_name", "geometry_type_name", "srs_id", "z", "m"];
        tables.for_each("gpkg_geometry_columns", &wanted, |row| {
            let Some(table) = MetadataText::read(row, 0, LONGEST_NAME)?.present() else { return Ok(()) };
            if tables.objects.has_table(&table) {
                let rows = all.0.entry(table.to_ascii_lowercase()).or_default();
                if rows.len() < MOST_ROWS {
                    rows.extend(GeometryColumn::read(row)?);
                }
            }
            Ok(())
        })?;
        Ok(all)
    }

    pub(crate) fn of(&self, table: &str) -> &[GeometryColumn] {
        self.0.get(&table.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }
}

impl GeometryColumn {
    fn read(row: &Row<'_>) -> Result<Option<Self>> {
        let Some(name) = MetadataText::read(row, 1, LONGEST_NAME)?.present() else { return Ok(None) };
        Ok(Some(Self {
            name,
            kind: MetadataText::read(row, 2, LONGEST_KIND)?
                .present()
                .unwrap_or_else(|| "GEOMETRY".to_owned()),
            srs_id: integer(row, 3)?,
            z: integer(row, 4)?.unwrap_or(0),
            m: integer(row, 5)?.unwrap_or(0),
        }))
    }
}
