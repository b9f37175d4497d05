//! `gpkg_metadata`: documents about a file, its layers, their columns and rows.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Params, Result};

use super::LONGEST_NAME;
use super::metadata_text::MetadataText;
use super::source::SystemTables;

/// The longest metadata document.
const LONGEST_DOCUMENT: usize = 4 << 20;

/// In documents that GDAL made of others.
const GDAL_WRAPPER: &str = "<GDALMultiDomainMetadata";

/// How many documents refer to the file and to each of its tables, by the table's name in small letters.
#[derive(Debug, Default)]
pub(crate) struct DocumentCounts {
    tables: HashMap<String, TableCounts>,
    /// How many are about the whole file.
    of_file: u64,
}

#[derive(Debug, Default)]
struct TableCounts {
    of_table: u64,
    of_columns: u64,
    of_rows: u64,
}

/// The documents about one layer.
#[derive(Debug, Default)]
pub(crate) struct LayerDocuments {
    /// The XML document about the layer as a whole.
    pub(crate) kept: MetadataText,
    /// Whether there are other such documents that say something else.
    pub(crate) has_others: bool,
    /// How many documents of other kinds there are, as a sentence.
    pub(crate) left_out: Option<String>,
}

impl DocumentCounts {
    pub(crate) fn read(tables: SystemTables<'_>) -> Result<Self> {
        let mut counts = Self::default();
        let wanted = ["table_name", "column_name", "row_id_value"];
        tables.for_each("gpkg_metadata_reference", &wanted, |row| {
            let Some(table) = MetadataText::read(row, 0, LONGEST_NAME)?.present() else {
                counts.of_file += 1;
                return Ok(());
            };
            if tables.objects.has_table(&table) {
                let counts = counts.tables.entry(table.to_ascii_lowercase()).or_default();
                let has = |column| {
                    Ok::<_, rusqlite::Error>(row.get_ref(column)? != rusqlite::types::ValueRef::Null)
                };
                match (has(1)?, has(2)?) {
                    (_, true) => counts.of_rows += 1,
                    (true, false) => counts.of_columns += 1,
                    (false, false) => counts.of_table += 1,
                }
            }
            Ok(())
        })?;
        Ok(counts)
    }

    /// What is left out of the file as a whole.
    pub(crate) fn left_out(&self, tables: SystemTables<'_>) -> Result<Option<String>> {
        let count = match self.of_file {
            0 => 0,
            _ => count(tables, "r.table_name IS NULL", [])?,
        };
        Ok(match count {
            0 => None,
            1 => Some("1 metadata document about the whole file was left out".to_owned()),
            more => Some(format!("{more} metadata documents about the whole file were left out")),
        })
    }

    /// The documents about a layer, of which one is kept: of several XML documents about the layer as a whole the first one
    /// written that GDAL did not wrap into one of its own, if there is one.
    pub(crate) fn of_layer(&self, tables: SystemTables<'_>, layer: &str) -> Result<LayerDocuments> {
        let Some(counts) = self.tables.get(&layer.to_ascii_lowercase()) else {
            return Ok(LayerDocuments::default());
        };
        let mut documents = match counts.of_table {
            0 => LayerDocuments::default(),
            _ => first_document(tables, layer)?,
        };
        let others = match counts.of_table {
            0 => 0,
            _ => count(
                tables,
                "r.table_name = ?1 COLLATE NOCASE AND r.column_name IS NULL AND r.row_id_value IS NULL
                 AND NOT (d.md_scope IS 'dataset' AND d.mime_type IS 'text/xml')",
                [layer],
            )?,
        };
        documents.left_out = left_out(counts, others);
        Ok(documents)
    }
}

/// How many documents fulfil a condition and were not made by GDAL of others.
fn count(tables: SystemTables<'_>, condition: &str, values: impl Params) -> Result<u64> {
    let Some(joined) = joined(tables)? else { return Ok(0) };
    let sql = format!(
        "SELECT count(*) FROM {joined} WHERE {condition} AND instr(coalesce(d.metadata, ''), '{GDAL_WRAPPER}') = 0"
    );
    let count = tables.connection.query_row(&sql, values, |row| row.get::<_, i64>(0))?;
    Ok(count.unsigned_abs())
}

fn first_document(tables: SystemTables<'_>, layer: &str) -> Result<LayerDocuments> {
    let Some(joined) = joined(tables)? else { return Ok(LayerDocuments::default()) };
    let found = format!(
        "(SELECT d.id, d.metadata, instr(d.metadata, '{GDAL_WRAPPER}') > 0 AS is_wrapped FROM {joined}
          WHERE r.table_name = ?1 COLLATE NOCASE AND r.column_name IS NULL AND r.row_id_value IS NULL
            AND d.md_scope = 'dataset' AND d.mime_type = 'text/xml' AND d.metadata <> '')"
    );
    let first = format!("SELECT metadata FROM {found} ORDER BY is_wrapped, id LIMIT 1");
    let first =
        tables.connection.query_row(&first, [layer], |row| MetadataText::read(row, 0, LONGEST_DOCUMENT));
    let kept = first.optional()?.unwrap_or_default();
    let has_others = match &kept {
        MetadataText::Present(text) => {
            let others =
                format!("SELECT EXISTS (SELECT 1 FROM {found} WHERE metadata <> ?2 AND NOT is_wrapped)");
            tables.connection.query_row(&others, [layer, text], |row| row.get(0))?
        }
        MetadataText::Absent | MetadataText::TooLong => false,
    };
    Ok(LayerDocuments { kept, has_others, left_out: None })
}

/// References as `r`, joined with their documents as `d`.
fn joined(tables: SystemTables<'_>) -> Result<Option<String>> {
    let references = ["md_file_id", "table_name", "column_name", "row_id_value"];
    let documents = ["id", "md_scope", "mime_type", "metadata"];
    let references = tables.source("gpkg_metadata_reference", &references)?;
    let documents = tables.source("gpkg_metadata", &documents)?;
    Ok(references.zip(documents).map(|(references, documents)| {
        format!("{references} AS r JOIN {documents} AS d ON d.id = r.md_file_id")
    }))
}

fn left_out(counts: &TableCounts, others: u64) -> Option<String> {
    let kinds =
        [(counts.of_rows, "rows"), (counts.of_columns, "columns"), (others, "the layer in other forms")];
    let kinds: Vec<_> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, of)| format!("{count} of {of}")).collect();
    (!kinds.is_empty()).then(|| format!("metadata documents were left out: {}", kinds.join(", ")))
}
