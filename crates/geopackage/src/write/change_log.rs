//! The table `LAYER_changes`, with which GeoGig says what happened to the features of a layer.

use rusqlite::Connection;

use crate::quote::quote;

/// What happened to a feature, by the number that GeoGig gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeOperation {
    /// It was added.
    Insert = 1,
    /// It was changed.
    Update = 2,
    /// It was deleted.
    Delete = 3,
}

/// The table of the layer that is being written.
pub(super) struct ChangeLog {
    insert_sql: String,
}

impl ChangeLog {
    /// Creates the table.
    pub(super) fn create(connection: &Connection, name: &str) -> rusqlite::Result<Self> {
        let name = quote(name);
        connection.execute_batch(&format!(
            "CREATE TABLE {name} (geogig_fid TEXT NOT NULL PRIMARY KEY, audit_op INTEGER NOT NULL)"
        ))?;
        Ok(Self { insert_sql: format!("INSERT INTO {name} VALUES (?1, ?2)") })
    }

    pub(super) fn insert(
        &self,
        connection: &Connection,
        feature: &str,
        operation: ChangeOperation,
    ) -> rusqlite::Result<()> {
        connection.prepare_cached(&self.insert_sql)?.execute((feature, operation as i64))?;
        Ok(())
    }
}
