//! Feature ids of GeoGig, which stay the same in all its exports while the rows are numbered anew.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Result, Row};
use sha2::{Digest, Sha256};

use crate::quote::quote;

/// The columns of GeoGig's tables.
const ROW_COLUMN: &str = "gpkg_fid";
pub(crate) const ID_COLUMN: &str = "geogig_fid";

/// The table that says which row of a layer is which feature.
#[derive(Clone, Debug)]
pub(crate) struct FeatureIds {
    table: String,
    /// The index of its primary key; none if that is the number of its rows.
    index: Option<String>,
}

impl FeatureIds {
    /// None if the table only repeats the numbers of the rows, as for a layer whose features have numbers for ids.
    pub(crate) fn read(connection: &Connection, table: &str) -> Result<Option<Self>> {
        let sql = format!(
            "SELECT 1 FROM main.{} NOT INDEXED WHERE CAST({ROW_COLUMN} AS TEXT) IS NOT CAST({ID_COLUMN} AS TEXT) LIMIT 1",
            quote(table)
        );
        if connection.query_row(&sql, [], |_| Ok(())).optional()?.is_none() {
            return Ok(None);
        }
        let mut statement = connection.prepare(&format!("PRAGMA main.index_list({})", quote(table)))?;
        let indexes = statement.query_map([], |row| {
            let is_key = row.get::<_, String>("origin")? == "pk";
            is_key.then(|| row.get::<_, String>("name")).transpose()
        })?;
        let index = indexes.filter_map(Result::transpose).next().transpose()?;
        Ok(Some(Self { table: table.to_owned(), index }))
    }

    /// The id of a row, in the joined table.
    pub(super) fn selected(&self) -> String {
        format!("ids.{ID_COLUMN}")
    }

    /// Joins the id of each row. The index must be used: searching the whole table for each row would take very long.
    pub(super) fn join(&self, rowid: &str) -> String {
        let index = match &self.index {
            Some(index) => format!("INDEXED BY {}", quote(index)),
            None => "NOT INDEXED".to_owned(),
        };
        format!(
            " LEFT JOIN main.{} AS ids {index} ON ids.{ROW_COLUMN} = CAST({rowid} AS TEXT)",
            quote(&self.table)
        )
    }
}

/// An id for a row that GeoGig did not export, from its number and its values.
///
/// The same row of the same file gets the same id in each import, and rows of other files with the same number get others.
pub(super) fn new_id(row: &Row<'_>, columns: usize) -> Result<String> {
    let mut digest = Sha256::new();
    for column in 0..columns {
        let (kind, bytes) = match row.get_ref(column)? {
            ValueRef::Null => (0_u8, Vec::new()),
            ValueRef::Integer(value) => (1, value.to_le_bytes().to_vec()),
            ValueRef::Real(value) => (2, value.to_le_bytes().to_vec()),
            ValueRef::Text(text) => (3, text.to_vec()),
            ValueRef::Blob(bytes) => (4, bytes.to_vec()),
        };
        digest.update([kind]);
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    }
    let hex: String = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("fid-{hex}"))
}
