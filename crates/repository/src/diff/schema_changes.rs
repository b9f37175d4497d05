//! What differs between the columns of two versions of a layer.

use std::fmt;

use crate::KartColumn;

/// A difference between the columns of two versions of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaChange {
    /// A column is new.
    ColumnAdded {
        /// Its name.
        column: String,
    },
    /// A column is gone.
    ColumnDeleted {
        /// Its name.
        column: String,
    },
    /// A column has another name.
    ColumnRenamed {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// The columns come in another order.
    ColumnsReordered,
    /// The values of a column are of another type, size or length.
    TypeChanged {
        /// The new name of the column.
        column: String,
        /// The old type: `integer(32)`.
        from: String,
        /// The new type.
        to: String,
    },
    /// A column holds another type of geometries.
    GeometryTypeChanged {
        /// The new name of the column.
        column: String,
        /// The old type: `POINT Z`.
        from: String,
        /// The new type.
        to: String,
    },
    /// A column has another coordinate reference system.
    CrsChanged {
        /// The new name of the column.
        column: String,
        /// The old identifier, or `none`.
        from: String,
        /// The new identifier, or `none`.
        to: String,
    },
    /// Another column identifies the features.
    KeyChanged {
        /// The name of the old one.
        from: String,
        /// The name of the new one.
        to: String,
    },
}

/// The differences between two lists of columns, in the order of the new ones; deleted columns come last.
///
/// Columns are the same if they have the same id, or else the same name: a column of another type gets another id.
pub fn schema_changes(old: &[KartColumn], new: &[KartColumn]) -> Vec<SchemaChange> {
    let mut changes = Vec::new();
    let mut order = Vec::new();
    for column in new {
        match previous(old, new, column) {
            Some(at) => {
                changes.extend(column_changes(&old[at], column));
                order.push(at);
            }
            None => changes.push(SchemaChange::ColumnAdded { column: column.name.clone() }),
        }
    }
    let is_deleted = |at: &usize| !order.contains(at);
    let deleted = (0..old.len()).filter(is_deleted).map(|at| old[at].name.clone());
    changes.extend(deleted.map(|column| SchemaChange::ColumnDeleted { column }));
    if !order.is_sorted() {
        changes.push(SchemaChange::ColumnsReordered);
    }
    let key =
        |columns: &[KartColumn]| columns.iter().find(|column| column.primary_key_index == Some(0)).cloned();
    if let (Some(from), Some(to)) = (key(old), key(new))
        && from.id != to.id
        && from.name != to.name
    {
        changes.push(SchemaChange::KeyChanged { from: from.name, to: to.name });
    }
    changes
}

/// The position of the column that `column` continues.
fn previous(old: &[KartColumn], new: &[KartColumn], column: &KartColumn) -> Option<usize> {
    let same_id = old.iter().position(|old| old.id == column.id);
    // A column of the same name that goes on elsewhere is another one.
    let is_free = |old: &KartColumn| !new.iter().any(|new| new.id == old.id);
    same_id.or_else(|| old.iter().position(|old| old.name == column.name && is_free(old)))
}

fn column_changes(old: &KartColumn, new: &KartColumn) -> Vec<SchemaChange> {
    let mut changes = Vec::new();
    let column = || new.name.clone();
    if old.name != new.name {
        changes.push(SchemaChange::ColumnRenamed { from: old.name.clone(), to: column() });
    }
    let (from, to) = (type_text(old), type_text(new));
    if from != to {
        changes.push(SchemaChange::TypeChanged { column: column(), from, to });
    }
    if old.data_type != "geometry" || new.data_type != "geometry" {
        return changes;
    }
    if old.geometry_type != new.geometry_type {
        let kind =
            |column: &KartColumn| column.geometry_type.clone().unwrap_or_else(|| "GEOMETRY".to_owned());
        changes.push(SchemaChange::GeometryTypeChanged { column: column(), from: kind(old), to: kind(new) });
    }
    if old.geometry_crs != new.geometry_crs {
        let crs = |column: &KartColumn| column.geometry_crs.clone().unwrap_or_else(|| "none".to_owned());
        changes.push(SchemaChange::CrsChanged { column: column(), from: crs(old), to: crs(new) });
    }
    changes
}

/// `integer(32)`, `text(50)`, `numeric(10,2)`, `timestamp(UTC)`.
fn type_text(column: &KartColumn) -> String {
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let details: Vec<String> = [
        number(column.size.map(Into::into)),
        number(column.length),
        number(column.precision.map(Into::into)),
        number(column.scale.map(Into::into)),
        column.timezone.clone(),
    ]
    .into_iter()
    .flatten()
    .collect();
    match details.is_empty() {
        true => column.data_type.clone(),
        false => format!("{}({})", column.data_type, details.join(",")),
    }
}

impl fmt::Display for SchemaChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ColumnAdded { column } => write!(f, "column '{column}' was added"),
            Self::ColumnDeleted { column } => write!(f, "column '{column}' was deleted"),
            Self::ColumnRenamed { from, to } => write!(f, "column '{from}' was renamed to '{to}'"),
            Self::ColumnsReordered => f.write_str("the columns were reordered"),
            Self::TypeChanged { column, from, to } => {
                write!(f, "the type of column '{column}' changed from {from} to {to}")
            }
            Self::GeometryTypeChanged { column, from, to } => {
                write!(f, "the geometry type of column '{column}' changed from {from} to {to}")
            }
            Self::CrsChanged { column, from, to } => {
                write!(f, "the coordinate reference system of column '{column}' changed from {from} to {to}")
            }
            Self::KeyChanged { from, to } => write!(f, "the primary key changed from '{from}' to '{to}'"),
        }
    }
}
