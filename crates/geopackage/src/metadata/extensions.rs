//! Extensions of the specification, and what is left out of them.

use std::collections::HashMap;

use rusqlite::Result;

use super::LONGEST_NAME;
use super::metadata_text::MetadataText;
use super::source::SystemTables;
use crate::listing::NameList;

/// The extensions that need no words: those that are read, those that only writers need, and those whose tables are told of
/// where they are left out.
const KNOWN: [&str; 16] = [
    "gpkg_rtree_index",
    "gpkg_crs_wkt",
    "gpkg_crs_wkt_1_1",
    "gpkg_schema",
    "gpkg_metadata",
    "gpkg_related_tables",
    "related_tables",
    "gpkg_geometry_type_trigger",
    "gpkg_srs_id_trigger",
    "gpkg_zoom_other",
    "gpkg_webp",
    "gpkg_2d_gridded_coverage",
    "gpkg_elevation_tiles",
    "gdal_aspatial",
    "gdal_spatialite_computed_geom_column",
    "2d_gridded_coverage",
];

/// The start of the names of extensions for types of geometries.
const GEOMETRY_TYPE: &str = "gpkg_geom_";

/// What the tables of extensions say of each table of the file, by its name in small letters.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    /// The names of extensions that are not known.
    unknown: HashMap<String, NameList>,
    /// How many columns `gpkg_data_columns` describes.
    described_columns: HashMap<String, u64>,
    /// How many rows `gpkgext_relations` has.
    relations: u64,
}

impl Extensions {
    pub(crate) fn read(tables: SystemTables<'_>) -> Result<Self> {
        let mut all = Self::default();
        tables.for_each("gpkg_extensions", &["table_name", "extension_name"], |row| {
            let table = MetadataText::read(row, 0, LONGEST_NAME)?.present().unwrap_or_default();
            let name = MetadataText::read(row, 1, LONGEST_NAME)?.present().unwrap_or_default();
            if !is_known(&name) && tables.objects.has_table(&table) {
                all.unknown.entry(table.to_ascii_lowercase()).or_default().push(&name);
            }
            Ok(())
        })?;
        tables.for_each("gpkg_data_columns", &["table_name"], |row| {
            let table = MetadataText::read(row, 0, LONGEST_NAME)?.present().unwrap_or_default();
            if tables.objects.has_table(&table) {
                *all.described_columns.entry(table.to_ascii_lowercase()).or_default() += 1;
            }
            Ok(())
        })?;
        tables.for_each("gpkgext_relations", &["base_table_name"], |_| {
            all.relations += 1;
            Ok(())
        })?;
        Ok(all)
    }

    /// What is left out of the file as a whole.
    pub(crate) fn left_out(&self) -> Option<String> {
        match self.relations {
            0 => None,
            1 => Some("1 relation between tables (gpkgext_relations) was left out".to_owned()),
            more => Some(format!("{more} relations between tables (gpkgext_relations) were left out")),
        }
    }

    /// What is left out of a layer.
    pub(crate) fn left_out_of(&self, layer: &str) -> impl Iterator<Item = String> {
        let lower = layer.to_ascii_lowercase();
        let described = self.described_columns.get(&lower).map(|count| match count {
            1 => "1 description of a column (gpkg_data_columns) was left out".to_owned(),
            more => format!("{more} descriptions of columns (gpkg_data_columns) were left out"),
        });
        let unknown = self.unknown.get(&lower).and_then(|names| {
            names.sentence(
                |name| format!("what the unknown extension {name} adds was left out"),
                |_, names| format!("what the unknown extensions {names} add was left out"),
            )
        });
        described.into_iter().chain(unknown)
    }
}

fn is_known(extension: &str) -> bool {
    let name = extension.to_ascii_lowercase();
    KNOWN.contains(&name.as_str()) || name.starts_with(GEOMETRY_TYPE)
}
