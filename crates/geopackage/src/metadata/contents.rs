//! `gpkg_contents`: what a file says that it contains.

use std::collections::HashMap;

use rusqlite::{Result, Row};

use super::metadata_text::MetadataText;
use super::source::{SystemTables, integer};
use super::{LONGEST_NAME, LONGEST_TEXT};
use crate::listing::NameList;

/// The rows that are about tables and views of the file, by their names in small letters.
#[derive(Debug, Default)]
pub(crate) struct AllContents {
    rows: HashMap<String, Contents>,
    /// The names of what is not in the file.
    pub(crate) missing: NameList,
}

/// A row of `gpkg_contents`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    name: String,
    data_type: String,
    pub(crate) identifier: MetadataText,
    pub(crate) description: MetadataText,
    pub(crate) srs_id: Option<i64>,
}

/// What a row says that something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataKind {
    /// `features`, `attributes`, or a type that is not known.
    Layer,
    /// Raster tiles or a grid.
    RasterTiles,
    VectorTiles,
}

/// How many bytes of titles and descriptions are kept; longer ones are left out like a single long one.
const MOST_TEXT: usize = 32 << 20;

impl AllContents {
    pub(crate) fn read(tables: SystemTables<'_>) -> Result<Self> {
        let mut all = Self::default();
        let known: std::collections::HashSet<String> =
            tables.objects.all().iter().map(|object| object.name.to_ascii_lowercase()).collect();
        let mut text = MOST_TEXT;
        let wanted = ["table_name", "data_type", "identifier", "description", "srs_id"];
        tables.for_each("gpkg_contents", &wanted, |row| {
            let Some(name) = MetadataText::read(row, 0, LONGEST_NAME)?.present() else { return Ok(()) };
            match known.contains(&name.to_ascii_lowercase()) {
                true => all.add(Contents::read(row, name, &mut text)?),
                false => all.missing.push(&name),
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// What the file says of a table or view of this name. A row with the same letters in the same case counts more.
    pub(crate) fn get(&self, name: &str) -> Option<&Contents> {
        self.rows.get(&name.to_ascii_lowercase())
    }

    fn add(&mut self, contents: Contents) {
        let lower = contents.name.to_ascii_lowercase();
        self.rows.entry(lower).or_insert(contents);
    }
}

impl Contents {
    fn read(row: &Row<'_>, name: String, text: &mut usize) -> Result<Self> {
        let mut read = |column| {
            let value = MetadataText::read(row, column, LONGEST_TEXT.min(*text))?;
            *text -= value.len();
            Ok::<_, rusqlite::Error>(value)
        };
        Ok(Self {
            identifier: read(2)?,
            description: read(3)?,
            name,
            data_type: MetadataText::read(row, 1, LONGEST_NAME)?.present().unwrap_or_default(),
            srs_id: integer(row, 4)?,
        })
    }

    pub(crate) fn kind(&self) -> DataKind {
        let data_type = self.data_type.to_ascii_lowercase();
        match data_type.as_str() {
            "tiles" | "2d-gridded-coverage" => DataKind::RasterTiles,
            _ if data_type.starts_with("vector-tiles") => DataKind::VectorTiles,
            _ => DataKind::Layer,
        }
    }
}
