//! The columns of a table as SQLite declares them.

use rusqlite::{Connection, Result};

use crate::quote::quote;

/// The names by which SQL reaches the number of a row, unless a column has the same name.
const ROWID_NAMES: [&str; 3] = ["rowid", "_rowid_", "oid"];

/// A column as SQLite declares it.
pub(crate) struct DeclaredColumn {
    pub(crate) name: String,
    pub(crate) declared_type: String,
    /// Its place in the primary key, from 1; 0 if it is not part of it.
    pub(crate) key_place: i64,
    /// Whether it is declared NOT NULL.
    pub(crate) is_not_null: bool,
    /// Whether it is computed when it is read.
    pub(crate) is_generated: bool,
}

/// The columns of a table, generated ones included.
pub(crate) fn columns(connection: &Connection, table: &str) -> Result<Vec<DeclaredColumn>> {
    let mut statement = connection.prepare(&format!("PRAGMA main.table_xinfo({})", quote(table)))?;
    let columns = statement.query_map([], |row| {
        Ok(DeclaredColumn {
            name: row.get("name")?,
            declared_type: row.get::<_, Option<String>>("type")?.unwrap_or_default(),
            key_place: row.get("pk")?,
            is_not_null: row.get("notnull")?,
            is_generated: row.get::<_, i64>("hidden")? != 0,
        })
    })?;
    columns.collect()
}

/// The first name for the rowid that no column has; `None` for a table without rowids.
pub(crate) fn rowid_name(
    connection: &Connection,
    table: &str,
    columns: &[DeclaredColumn],
) -> Result<Option<&'static str>> {
    let is_free = |name: &&str| !columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let Some(name) = ROWID_NAMES.into_iter().find(is_free) else {
        return Ok(None);
    };
    let sql = format!("SELECT {name} FROM main.{} NOT INDEXED LIMIT 0", quote(table));
    match connection.prepare(&sql) {
        Ok(_) => Ok(Some(name)),
        Err(rusqlite::Error::SqlInputError { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}
