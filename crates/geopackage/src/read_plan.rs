//! Converts rows of SQLite to rows of a batch.

use longhaul_geodata::geometry::normalise;
use longhaul_geodata::{Batch, DataType, Value};
use rusqlite::types::ValueRef;

use crate::quote::quote;
use crate::{CellError, Table};

/// The most columns SQLite lets a statement have.
const MOST_COLUMNS: usize = 2_000;

/// How to read the rows of a table; made once, used by all its parts.
#[derive(Debug)]
pub(crate) struct ReadPlan {
    pub(crate) layer: String,
    pub(crate) columns: Vec<PlannedColumn>,
    /// The position of the rowid behind the columns, if it is selected.
    pub(crate) rowid: Option<usize>,
    /// The position of the table's own key.
    pub(crate) key: Option<usize>,
    /// Selects the rows.
    pub(crate) sql: String,
    /// Whether it asks for the rows numbered from `?1` on; otherwise it asks for all.
    pub(crate) has_range: bool,
}

#[derive(Debug)]
pub(crate) struct PlannedColumn {
    pub(crate) name: String,
    conversion: Conversion,
}

/// How a value is converted.
#[derive(Clone, Copy, Debug)]
enum Conversion {
    /// Nothing.
    Plain,
    /// 0 and 1 become yes and no.
    Boolean,
    /// The zone letter is removed.
    Timestamp,
    /// The geometry is checked and converted to its stored form.
    Geometry,
}

impl ReadPlan {
    pub(crate) fn new(table: &Table) -> Self {
        let columns: Vec<_> = table.layer.schema.columns.iter().map(PlannedColumn::new).collect();
        let key = columns.iter().position(|column| table.key.first() == Some(&column.name));
        let selected_rowid = table.rowid.filter(|_| columns.len() < MOST_COLUMNS);
        Self {
            layer: table.layer.name.clone(),
            sql: select(table, &columns, selected_rowid),
            rowid: selected_rowid.map(|_| columns.len()),
            has_range: selected_rowid.is_some(),
            columns,
            key,
        }
    }
}

/// No index is used: rows come in the order of the table, and the index of a hostile file may be wrong.
fn select(table: &Table, columns: &[PlannedColumn], selected_rowid: Option<&str>) -> String {
    let mut selected: Vec<_> = columns.iter().map(|column| quote(&column.name)).collect();
    selected.extend(selected_rowid.map(str::to_owned));
    let sql = format!("SELECT {} FROM main.{} NOT INDEXED", selected.join(", "), quote(&table.layer.name));
    match selected_rowid {
        Some(rowid) => format!("{sql} WHERE {rowid} >= ?1 ORDER BY {rowid}"),
        None => sql,
    }
}

impl PlannedColumn {
    fn new(column: &longhaul_geodata::Column) -> Self {
        Self {
            name: column.name.clone(),
            conversion: match column.data_type {
                DataType::Boolean => Conversion::Boolean,
                DataType::Timestamp { .. } => Conversion::Timestamp,
                DataType::Geometry { .. } => Conversion::Geometry,
                _ => Conversion::Plain,
            },
        }
    }

    /// Adds a value of this column to the row that `batch` is being given.
    #[inline]
    pub(crate) fn push(&self, value: ValueRef<'_>, batch: &mut Batch) -> Result<(), CellError> {
        match (self.conversion, value) {
            (_, ValueRef::Null) => batch.push(Value::Null),
            (Conversion::Geometry, value) => return push_geometry(value, batch),
            (Conversion::Boolean, ValueRef::Integer(value @ (0 | 1))) => {
                batch.push(Value::Boolean(value == 1))
            }
            (Conversion::Timestamp, ValueRef::Text(text)) => {
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
