//! Reads the tables of the system.

use rusqlite::{Connection, Result, Row};

use crate::catalog::Objects;
use crate::declared_columns::columns;
use crate::quote::quote;

/// The tables of the system in one file.
///
/// Files lack some of these tables, or some of their columns: what is missing reads as NULL. None of it is read through
/// a view or a generated column, which would evaluate expressions of the file.
#[derive(Clone, Copy)]
pub(crate) struct SystemTables<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) objects: &'a Objects,
}

impl SystemTables<'_> {
    /// A table as a subquery with the wanted columns, in this order; none if the file lacks it.
    pub(super) fn source(&self, table: &str, wanted: &[&str]) -> Result<Option<String>> {
        if !self.objects.has_table(table) {
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

    /// Calls `read` with each row of a table, which has the wanted columns in this order.
    pub(crate) fn for_each(
        &self,
        table: &str,
        wanted: &[&str],
        mut read: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let Some(source) = self.source(table, wanted)? else { return Ok(()) };
        let mut statement = self.connection.prepare(&format!("SELECT * FROM {source}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            read(row)?;
        }
        Ok(())
    }
}

/// The value of a column, if it is a whole number.
pub(super) fn integer(row: &Row<'_>, column: usize) -> Result<Option<i64>> {
    Ok(row.get_ref(column)?.as_i64().ok())
}
