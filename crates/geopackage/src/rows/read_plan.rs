//! Converts rows of SQLite to rows of a batch.

use longhaul_geodata::geometry::normalise;
use longhaul_geodata::{Batch, Value};
use rusqlite::types::ValueRef;

use super::findings::Anomaly;
use super::value_type::{GeometryRule, ValueType};
use crate::quote::quote;
use crate::{CellError, Table};

/// The most columns SQLite lets a statement have.
const MOST_COLUMNS: usize = 2_000;

/// The first bytes of a geometry in GeoPackage's encoding.
const GEOMETRY_MAGIC: &[u8] = b"GP\0";

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
    /// Whether values that cannot be read are replaced.
    pub(crate) is_lenient: bool,
}

#[derive(Debug)]
pub(crate) struct PlannedColumn {
    pub(crate) name: String,
    pub(crate) value_type: ValueType,
}

impl ReadPlan {
    pub(crate) fn new(table: &Table, is_lenient: bool) -> Self {
        let columns = table.layer.schema.columns.iter().zip(&table.value_types);
        let columns: Vec<_> = columns
            .map(|(column, value_type)| PlannedColumn { name: column.name.clone(), value_type: *value_type })
            .collect();
        let key = columns.iter().position(|column| table.key.first() == Some(&column.name));
        let selected_rowid = table.rowid.filter(|_| columns.len() < MOST_COLUMNS);
        Self {
            layer: table.layer.name.clone(),
            sql: select(table, &columns, selected_rowid),
            rowid: selected_rowid.map(|_| columns.len()),
            has_range: selected_rowid.is_some(),
            columns,
            key,
            is_lenient,
        }
    }
}

/// No index of the table is used: rows come in the order of the table, and the index of a hostile file may be wrong.
fn select(table: &Table, columns: &[PlannedColumn], selected_rowid: Option<&str>) -> String {
    let ids = table.feature_ids.as_ref();
    let mut selected: Vec<_> = columns
        .iter()
        .map(|column| match (ids, column.value_type) {
            (Some(ids), ValueType::FeatureId) => ids.selected(),
            _ => format!("t.{}", quote(&column.name)),
        })
        .collect();
    selected.extend(selected_rowid.map(|rowid| format!("t.{rowid}")));
    let from = format!("main.{} AS t NOT INDEXED", quote(&table.layer.name));
    let joined = ids.zip(table.rowid).map(|(ids, rowid)| ids.join(&format!("t.{rowid}"))).unwrap_or_default();
    let sql = format!("SELECT {} FROM {from}{joined}", selected.join(", "));
    match selected_rowid {
        Some(rowid) => format!("{sql} WHERE t.{rowid} >= ?1 ORDER BY t.{rowid}"),
        None => sql,
    }
}

impl PlannedColumn {
    /// Adds a value of this column to the row that `batch` is being given; returns what is unusual about it.
    #[inline]
    pub(crate) fn push(
        &self,
        value: ValueRef<'_>,
        is_lenient: bool,
        batch: &mut Batch,
    ) -> Result<Option<Anomaly>, CellError> {
        match (self.value_type, value) {
            (_, ValueRef::Null) => {
                batch.push(Value::Null);
                return Ok(None);
            }
            (ValueType::Geometry(rule), value) => return push_geometry(rule, value, is_lenient, batch),
            (ValueType::Boolean, ValueRef::Integer(value @ (0 | 1))) => {
                batch.push(Value::Boolean(value == 1));
            }
            (_, ValueRef::Integer(value)) => batch.push(Value::Integer(value)),
            (_, ValueRef::Real(value)) => batch.push(Value::Float(value)),
            (_, ValueRef::Text(text)) => match std::str::from_utf8(text) {
                Ok(text) => batch.push(Value::Text(self.stored(text))),
                Err(error) => return push_invalid_text(text, error, is_lenient, batch),
            },
            (value_type, ValueRef::Blob(bytes)) => {
                batch.push(Value::Blob(bytes));
                if matches!(value_type, ValueType::Blob(_)) && bytes.starts_with(GEOMETRY_MAGIC) {
                    return Ok(Some(Anomaly::UnregisteredGeometry));
                }
            }
        }
        Ok((!self.value_type.fits(value)).then_some(Anomaly::Misfit))
    }

    /// The text as a dataset stores it: moments without the letter for UTC.
    #[inline]
    fn stored<'a>(&self, text: &'a str) -> &'a str {
        match self.value_type {
            ValueType::Timestamp => text.trim_end_matches('Z'),
            _ => text,
        }
    }
}

#[inline]
fn push_geometry(
    rule: GeometryRule,
    value: ValueRef<'_>,
    is_lenient: bool,
    batch: &mut Batch,
) -> Result<Option<Anomaly>, CellError> {
    let error = match value {
        ValueRef::Blob([]) => {
            batch.push(Value::Null);
            return Ok(Some(Anomaly::EmptyGeometry));
        }
        ValueRef::Blob(bytes) => {
            let mut found = None;
            let pushed = batch.push_geometry_with(|out| {
                found = Some(normalise(bytes, out)?);
                Ok(())
            });
            match (pushed, found) {
                (Ok(()), Some(geometry)) if geometry.trailing > 0 => return Ok(Some(Anomaly::TrailingBytes)),
                (Ok(()), Some(geometry)) => return Ok((!rule.fits(&geometry)).then_some(Anomaly::Misfit)),
                (Ok(()), None) => return Ok(None),
                (Err(error), _) => CellError::Geometry(error),
            }
        }
        ValueRef::Text(_) => CellError::NotGeometry("a text"),
        _ => CellError::NotGeometry("a number"),
    };
    if !is_lenient {
        return Err(error);
    }
    batch.push(Value::Null);
    Ok(Some(Anomaly::Undecodable))
}

#[cold]
fn push_invalid_text(
    text: &[u8],
    error: std::str::Utf8Error,
    is_lenient: bool,
    batch: &mut Batch,
) -> Result<Option<Anomaly>, CellError> {
    if !is_lenient {
        return Err(error.into());
    }
    batch.push(Value::Text(&String::from_utf8_lossy(text)));
    Ok(Some(Anomaly::ReplacedText))
}
