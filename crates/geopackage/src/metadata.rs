//! What the `gpkg_` tables say about a layer.
//!
//! Files lack some of these tables, or some of their columns: what is missing reads as NULL. None of it is read through
//! a view or a generated column, which would evaluate expressions of the file.

use rusqlite::{Connection, OptionalExtension, Result};

use crate::catalog::Catalog;
use crate::declared_columns::columns;
use crate::metadata_text::MetadataText;
use crate::quote::quote;

/// The most rows that are read about one layer. Usual files have one or two; damaged ones may have endlessly many.
const MOST_ROWS: u32 = 100;

/// The most rows taken about tables.
const MOST_TABLES: u32 = 50_000;

/// The longest name, in bytes: that of the statement which makes a table.
const LONGEST_NAME: usize = 1 << 20;

/// The longest name of a type of geometry.
const LONGEST_KIND: usize = 200;

/// The longest title, description or definition of a reference system. Real ones have a few thousand bytes.
const LONGEST_TEXT: usize = 64 << 10;

/// The longest metadata document.
const LONGEST_DOCUMENT: usize = 4 << 20;

/// A row of `gpkg_geometry_columns`.
pub(crate) struct GeometryColumn {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) srs_id: Option<i64>,
    pub(crate) z: bool,
    pub(crate) m: bool,
}

/// A row of `gpkg_contents`.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) identifier: MetadataText,
    pub(crate) description: MetadataText,
    pub(crate) srs_id: Option<i64>,
}

/// A metadata document.
pub(crate) struct MetadataDocument {
    pub(crate) text: MetadataText,
    /// Whether there are others that say something else.
    pub(crate) has_others: bool,
}

/// Reads the `gpkg_` tables of one file.
pub(crate) struct Metadata<'a> {
    connection: &'a Connection,
    catalog: &'a Catalog,
}

impl<'a> Metadata<'a> {
    pub(crate) fn new(connection: &'a Connection, catalog: &'a Catalog) -> Self {
        Self { connection, catalog }
    }

    pub(crate) fn contents(&self, layer: &str) -> Result<Contents> {
        let Some(source) =
            self.source("gpkg_contents", &["table_name", "identifier", "description", "srs_id"])?
        else {
            return Ok(Contents::default());
        };
        let sql = format!(
            "SELECT * FROM {source} WHERE table_name = ?1 COLLATE NOCASE ORDER BY table_name = ?1 DESC LIMIT 1"
        );
        let contents = self.connection.query_row(&sql, [layer], |row| {
            Ok(Contents {
                identifier: MetadataText::read(row, 1, LONGEST_TEXT)?,
                description: MetadataText::read(row, 2, LONGEST_TEXT)?,
                srs_id: integer(row, 3)?,
            })
        });
        Ok(contents.optional()?.unwrap_or_default())
    }

    pub(crate) fn geometry_columns(&self, layer: &str) -> Result<Vec<GeometryColumn>> {
        let wanted = ["table_name", "column_name", "geometry_type_name", "srs_id", "z", "m"];
        let Some(source) = self.source("gpkg_geometry_columns", &wanted)? else {
            return Ok(Vec::new());
        };
        let sql = format!(
            "SELECT * FROM {source} WHERE table_name = ?1 COLLATE NOCASE AND column_name IS NOT NULL LIMIT {MOST_ROWS}"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let columns = statement.query_map([layer], |row| {
            Ok(GeometryColumn {
                name: MetadataText::read(row, 1, LONGEST_NAME)?.present().unwrap_or_default(),
                kind: MetadataText::read(row, 2, LONGEST_KIND)?
                    .present()
                    .unwrap_or_else(|| "GEOMETRY".to_owned()),
                srs_id: integer(row, 3)?,
                z: integer(row, 4)?.unwrap_or(0) != 0,
                m: integer(row, 5)?.unwrap_or(0) != 0,
            })
        })?;
        columns.collect()
    }

    /// The tables with raster images instead of features.
    pub(crate) fn tile_tables(&self) -> Result<Vec<String>> {
        let Some(source) = self.source("gpkg_contents", &["table_name", "data_type"])? else {
            return Ok(Vec::new());
        };
        let sql = format!(
            "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name COLLATE NOCASE IN \
             (SELECT table_name FROM {source} WHERE data_type IN ('tiles', '2d-gridded-coverage')) \
             ORDER BY name LIMIT {MOST_TABLES}"
        );
        self.names(&sql)
    }

    /// The views that the file calls layers.
    pub(crate) fn views(&self) -> Result<Vec<String>> {
        let Some(source) = self.source("gpkg_contents", &["table_name"])? else {
            return Ok(Vec::new());
        };
        let sql = format!(
            "SELECT name FROM main.sqlite_master WHERE type = 'view' \
             AND name IN (SELECT table_name FROM {source}) ORDER BY name LIMIT {MOST_TABLES}"
        );
        self.names(&sql)
    }

    /// The definition of a reference system.
    pub(crate) fn definition(&self, srs_id: i64) -> Result<MetadataText> {
        let Some(source) = self.source("gpkg_spatial_ref_sys", &["srs_id", "definition"])? else {
            return Ok(MetadataText::Absent);
        };
        let sql = format!("SELECT definition FROM {source} WHERE srs_id = ?1 LIMIT 1");
        let definition =
            self.connection.query_row(&sql, [srs_id], |row| MetadataText::read(row, 0, LONGEST_TEXT));
        Ok(definition.optional()?.unwrap_or_default())
    }

    /// How many features GDAL counted when it wrote the file.
    pub(crate) fn feature_count(&self, layer: &str) -> Result<Option<u64>> {
        let Some(source) = self.source("gpkg_ogr_contents", &["table_name", "feature_count"])? else {
            return Ok(None);
        };
        let sql = format!("SELECT feature_count FROM {source} WHERE table_name = ?1 COLLATE NOCASE LIMIT 1");
        let count = self.connection.query_row(&sql, [layer], |row| integer(row, 0)).optional()?;
        Ok(count.flatten().and_then(|count| u64::try_from(count).ok()))
    }

    /// The XML document about the layer as a whole.
    ///
    /// Of several it is the first one written that GDAL did not wrap into one of its own, if there is one.
    pub(crate) fn document(&self, layer: &str) -> Result<Option<MetadataDocument>> {
        let references = ["md_file_id", "table_name", "column_name", "row_id_value"];
        let documents = ["id", "md_scope", "mime_type", "metadata"];
        let (Some(references), Some(documents)) =
            (self.source("gpkg_metadata_reference", &references)?, self.source("gpkg_metadata", &documents)?)
        else {
            return Ok(None);
        };
        let found = format!(
            "(SELECT d.id, d.metadata, instr(d.metadata, '<GDALMultiDomainMetadata') > 0 AS is_wrapped
              FROM {references} AS r JOIN {documents} AS d ON d.id = r.md_file_id
              WHERE r.table_name = ?1 COLLATE NOCASE AND r.column_name IS NULL AND r.row_id_value IS NULL
                AND d.md_scope = 'dataset' AND d.mime_type = 'text/xml' AND d.metadata <> '')"
        );
        let first = format!("SELECT metadata FROM {found} ORDER BY is_wrapped, id LIMIT 1");
        let first =
            self.connection.query_row(&first, [layer], |row| MetadataText::read(row, 0, LONGEST_DOCUMENT));
        let text = match first.optional()?.unwrap_or_default() {
            MetadataText::Present(text) => text,
            MetadataText::Absent => return Ok(None),
            MetadataText::TooLong => {
                return Ok(Some(MetadataDocument { text: MetadataText::TooLong, has_others: false }));
            }
        };
        let others = format!("SELECT EXISTS (SELECT 1 FROM {found} WHERE metadata <> ?2 AND NOT is_wrapped)");
        let has_others = self.connection.query_row(&others, [layer, &text], |row| row.get(0))?;
        Ok(Some(MetadataDocument { text: MetadataText::Present(text), has_others }))
    }

    fn names(&self, sql: &str) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare(sql)?;
        let names = statement.query_map([], |row| MetadataText::read(row, 0, LONGEST_NAME))?;
        names.filter_map(|name| name.map(MetadataText::present).transpose()).collect()
    }

    /// A `gpkg_` table as a subquery with the wanted columns, in this order; none if the file lacks it.
    fn source(&self, table: &str, wanted: &[&str]) -> Result<Option<String>> {
        if !self.catalog.has_table(table) {
            return Ok(None);
        }
        let stored = columns(self.connection, table)?;
        let is_stored = |name: &str| {
            let column = stored.iter().find(|column| column.name.eq_ignore_ascii_case(name));
            column.is_some_and(|column| !column.is_generated)
        };
        let selected = wanted
            .iter()
            .map(|name| if is_stored(name) { (*name).to_owned() } else { format!("NULL AS {name}") });
        let selected: Vec<_> = selected.collect();
        Ok(Some(format!("(SELECT {} FROM main.{} NOT INDEXED)", selected.join(", "), quote(table))))
    }
}

fn integer(row: &rusqlite::Row<'_>, column: usize) -> Result<Option<i64>> {
    Ok(row.get_ref(column)?.as_i64().ok())
}
