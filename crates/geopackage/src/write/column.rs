//! How a column of a layer becomes a column of a table.

use longhaul_geodata::{Column, DataType, GeometryType};

use crate::{column_type::data_type, quote::quote};

/// A column of a table that is being filled.
pub(super) struct TableColumn {
    pub(super) name: String,
    /// As declared in SQL, without constraints.
    declared: String,
    pub(super) form: Form,
    /// Whether SQLite would turn numbers into texts, which must stay numbers.
    pub(super) turns_numbers_into_text: bool,
}

/// How values are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As they are.
    Plain,
    /// Texts with a `Z` at the end.
    Utc,
    /// Geometries, with the reference system of the layer.
    Geometry,
}

impl TableColumn {
    pub(super) fn of(column: &Column) -> Self {
        let declared = declared_type(&column.data_type);
        Self {
            name: column.name.clone(),
            turns_numbers_into_text: declared.starts_with("TEXT"),
            declared,
            form: match column.data_type {
                DataType::Timestamp { utc: true } => Form::Utc,
                DataType::Geometry { .. } => Form::Geometry,
                _ => Form::Plain,
            },
        }
    }

    /// Name and type in SQL.
    pub(super) fn definition(&self) -> String {
        format!("{} {}", quote(&self.name), self.declared)
    }

    /// Declares it without a type from now on, so that SQLite keeps numbers as they are.
    pub(super) fn drop_type(&mut self) {
        self.declared.clear();
        self.turns_numbers_into_text = false;
    }
}

/// The type that a column has when it has been exported and is imported again: decimal numbers, for example, are texts then.
pub fn type_after_import(column: &Column) -> DataType {
    match &column.data_type {
        geometry @ DataType::Geometry { .. } => geometry.clone(),
        DataType::Integer { .. } if column.primary_key => DataType::Integer { size: 64 },
        other => data_type(&declared_type(other)).unwrap_or(DataType::Text { length: None }),
    }
}

/// The type as GeoPackage has it. Times, intervals, decimal numbers and timestamps without a zone, which it lacks, are texts.
fn declared_type(data_type: &DataType) -> String {
    let sized = |name: &str, length: &Option<u64>| match length {
        Some(length) => format!("{name}({length})"),
        None => name.to_owned(),
    };
    let plain = match data_type {
        DataType::Text { length } => return sized("TEXT", length),
        DataType::Blob { length } => return sized("BLOB", length),
        DataType::Geometry { kind, .. } => return geometry_type_name(kind).to_owned(),
        DataType::Boolean => "BOOLEAN",
        DataType::Date => "DATE",
        DataType::Float { size: 32 } => "FLOAT",
        DataType::Float { .. } => "REAL",
        DataType::Integer { size: 8 } => "TINYINT",
        DataType::Integer { size: 16 } => "SMALLINT",
        DataType::Integer { size: 32 } => "MEDIUMINT",
        DataType::Integer { .. } => "INTEGER",
        DataType::Timestamp { utc: true } => "DATETIME",
        DataType::Timestamp { utc: false }
        | DataType::Interval
        | DataType::Numeric { .. }
        | DataType::Time => "TEXT",
    };
    plain.to_owned()
}

/// The name of the type. A repository may say anything, and SQL must not.
pub(super) fn geometry_type_name(kind: &GeometryType) -> &str {
    let is_word = !kind.name.is_empty() && kind.name.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_word { &kind.name } else { "GEOMETRY" }
}
