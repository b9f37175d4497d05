//! From a row of SQLite to a row of a batch.

use geodata::geometry::normalise;
use geodata::{Batch, DataType, Value};
use rusqlite::types::ValueRef;

use crate::quote::quote;
use crate::{CellError, Table};

/// The most columns SQLite lets a statement have.
const MOST_COLUMNS: usize = 2_000;

/// How to read the rows of a table; made once, used by all its parts.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) layer: String,
    pub(crate) columns: Vec<PlannedColumn>,
    /// Where a row's number stands behind the columns, if it is selected.
    pub(crate) rowid: Option<usize>,
    /// Where the table's own key stands, if the rows have no numbers.
    pub(crate) key: Option<usize>,
    /// Selects all rows.
    pub(crate) sql: String,
    /// Selects the rows numbered from `?1` to `?2`.
    pub(crate) range_sql: Option<String>,
}

#[derive(Debug)]
pub(crate) struct PlannedColumn {
    pub(crate) name: String,
    reading: Reading,
}

/// What is done to a value on its way.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// Nothing.
    Plain,
    /// 0 and 1 become yes and no.
    Boolean,
    /// The zone letter goes.
    Timestamp,
    /// It is checked and brought into its stored form.
    Geometry,
}

impl Plan {
    pub(crate) fn new(table: &Table) -> Self {
        let columns: Vec<_> = table.layer.schema.columns.iter().map(PlannedColumn::new).collect();
        let rowid = table.rowid.filter(|_| columns.len() < MOST_COLUMNS);
        let mut selected: Vec<_> = columns.iter().map(|column| quote(&column.name)).collect();
        selected.extend(rowid.map(str::to_owned));
        let sql =
            format!("SELECT {} FROM main.{} NOT INDEXED", selected.join(", "), quote(&table.layer.name));
        let key = columns.iter().position(|column| table.key.first() == Some(&column.name));
        Self {
            layer: table.layer.name.clone(),
            rowid: rowid.map(|_| columns.len()),
            columns,
            key,
            range_sql: table
                .rowid
                .map(|rowid| format!("{sql} WHERE {rowid} BETWEEN ?1 AND ?2 ORDER BY {rowid}")),
            sql: format!("{sql}{}", order(table)),
        }
    }
}

/// The order in which a table's rows lie in the file.
fn order(table: &Table) -> String {
    let by: Vec<_> = match table.rowid {
        Some(rowid) => vec![rowid.to_owned()],
        None => table.key.iter().map(|column| quote(column)).collect(),
    };
    if by.is_empty() { String::new() } else { format!(" ORDER BY {}", by.join(", ")) }
}

impl PlannedColumn {
    fn new(column: &geodata::Column) -> Self {
        Self {
            name: column.name.clone(),
            reading: match column.data_type {
                DataType::Boolean => Reading::Boolean,
                DataType::Timestamp { .. } => Reading::Timestamp,
                DataType::Geometry { .. } => Reading::Geometry,
                _ => Reading::Plain,
            },
        }
    }

    /// Adds a value of this column to the row that `batch` is being given.
    #[inline]
    pub(crate) fn push(&self, value: ValueRef<'_>, batch: &mut Batch) -> Result<(), CellError> {
        match (self.reading, value) {
            (_, ValueRef::Null) => batch.push(Value::Null),
            (Reading::Geometry, value) => return push_geometry(value, batch),
            (Reading::Boolean, ValueRef::Integer(value @ (0 | 1))) => batch.push(Value::Boolean(value == 1)),
            (Reading::Timestamp, ValueRef::Text(text)) => {
                batch.push(Value::Text(std::str::from_utf8(text)?.trim_end_matches('Z')));
            }
            (_, ValueRef::Integer(value)) => batch.push(Value::Integer(value)),
            (_, ValueRef::Real(value)) => batch.push(Value::Float(value)),
            (_, ValueRef::Text(text)) => batch.push(Value::Text(std::str::from_utf8(text)?)),
            (_, ValueRef::Blob(bytes)) => batch.push(Value::Blob(bytes)),
        }
        Ok(())
    }
}

fn push_geometry(value: ValueRef<'_>, batch: &mut Batch) -> Result<(), CellError> {
    match value {
        ValueRef::Blob(bytes) => Ok(batch.push_geometry_with(|out| normalise(bytes, out))?),
        ValueRef::Text(_) => Err(CellError::NotGeometry("a text")),
        _ => Err(CellError::NotGeometry("a number")),
    }
}
