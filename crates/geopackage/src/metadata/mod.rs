//! What the tables of the system say about a file and its layers.

mod contents;
mod documents;
mod extensions;
mod geometry_columns;
mod metadata_text;
mod reference_systems;
mod source;

use std::collections::HashMap;

use rusqlite::Result;

pub(crate) use contents::{AllContents, DataKind};
pub(crate) use documents::DocumentCounts;
pub(crate) use extensions::Extensions;
pub(crate) use geometry_columns::{GeometryColumn, GeometryColumns};
pub(crate) use metadata_text::MetadataText;
pub(crate) use reference_systems::ReferenceSystem;
pub(crate) use source::SystemTables;

/// The longest name, in bytes: that of the statement which makes a table.
const LONGEST_NAME: usize = 1 << 20;

/// The longest title, description or definition of a reference system. Real ones have a few thousand bytes.
const LONGEST_TEXT: usize = 64 << 10;

/// What the tables of the system say about all layers; read once, because a file may have thousands of layers.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) contents: AllContents,
    pub(crate) geometry_columns: GeometryColumns,
    pub(crate) extensions: Extensions,
    pub(crate) documents: DocumentCounts,
    feature_counts: HashMap<String, u64>,
}

impl Metadata {
    pub(crate) fn read(tables: SystemTables<'_>) -> Result<Self> {
        Ok(Self {
            contents: AllContents::read(tables)?,
            geometry_columns: GeometryColumns::read(tables)?,
            extensions: Extensions::read(tables)?,
            documents: DocumentCounts::read(tables)?,
            feature_counts: feature_counts(tables)?,
        })
    }

    /// How many features GDAL counted when it wrote the file.
    pub(crate) fn feature_count(&self, layer: &str) -> Option<u64> {
        self.feature_counts.get(&layer.to_ascii_lowercase()).copied()
    }
}

fn feature_counts(tables: SystemTables<'_>) -> Result<HashMap<String, u64>> {
    let mut counts = HashMap::new();
    tables.for_each("gpkg_ogr_contents", &["table_name", "feature_count"], |row| {
        let table = MetadataText::read(row, 0, LONGEST_NAME)?.present().unwrap_or_default();
        let count = source::integer(row, 1)?.and_then(|count| u64::try_from(count).ok());
        if let Some(count) = count.filter(|_| tables.objects.has_table(&table)) {
            counts.entry(table.to_ascii_lowercase()).or_insert(count);
        }
        Ok(())
    })?;
    Ok(counts)
}
