//! Columns and their values.

use flatgeobuf::ColumnType;
use longhaul_geodata::{DataType, Schema, Value};

use crate::text::is_utc;

/// A column of attributes.
pub(super) struct FgbColumn {
    pub(super) name: String,
    pub(super) column_type: ColumnType,
    pub(super) is_key: bool,
    /// The position of the column in the layer.
    pub(super) source: usize,
    is_utc: bool,
    /// How many values are of another type and were left out.
    pub(super) lost: u64,
}

impl FgbColumn {
    /// The columns of a layer, without that of its geometries.
    pub(super) fn of(schema: &Schema) -> Vec<Self> {
        let columns = schema.columns.iter().enumerate();
        let columns = columns.filter_map(|(source, column)| {
            Some(Self {
                name: column.name.clone(),
                column_type: column_type(&column.data_type)?,
                is_key: column.primary_key,
                source,
                is_utc: is_utc(&column.data_type),
                lost: 0,
            })
        });
        columns.collect()
    }

    /// Appends a value behind the position of its column; nothing for a null.
    pub(super) fn encode(&mut self, position: usize, value: Value<'_>, out: &mut Vec<u8>) {
        if value == Value::Null {
            return;
        }
        let start = out.len();
        out.extend_from_slice(&(position as u16).to_le_bytes());
        if !self.encode_value(value, out) {
            out.truncate(start);
            self.lost += 1;
        }
    }

    /// Whether the value could be written.
    fn encode_value(&self, value: Value<'_>, out: &mut Vec<u8>) -> bool {
        match (self.column_type, value) {
            (ColumnType::Bool, Value::Boolean(value)) => out.push(u8::from(value)),
            (ColumnType::Byte, Value::Integer(number)) => {
                return fits(i8::try_from(number), out, i8::to_le_bytes);
            }
            (ColumnType::Short, Value::Integer(number)) => {
                return fits(i16::try_from(number), out, i16::to_le_bytes);
            }
            (ColumnType::Int, Value::Integer(number)) => {
                return fits(i32::try_from(number), out, i32::to_le_bytes);
            }
            (ColumnType::Long, Value::Integer(number)) => out.extend_from_slice(&number.to_le_bytes()),
            (ColumnType::Double, Value::Float(number)) => out.extend_from_slice(&number.to_le_bytes()),
            (ColumnType::Double, Value::Integer(number)) => {
                // Larger numbers would lose digits.
                let is_exact = number.unsigned_abs() <= 1 << 53;
                out.extend_from_slice(&(number as f64).to_le_bytes());
                return is_exact;
            }
            (ColumnType::DateTime | ColumnType::String, Value::Text(text)) => {
                encode_text(text, if self.is_utc { "Z" } else { "" }, out);
            }
            (ColumnType::String, Value::Integer(number)) => encode_text(&number.to_string(), "", out),
            (ColumnType::String, Value::Float(number)) => encode_text(&number.to_string(), "", out),
            (ColumnType::Binary, Value::Blob(bytes) | Value::Geometry(bytes)) => {
                out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
                out.extend_from_slice(bytes);
            }
            _ => return false,
        }
        true
    }
}

fn fits<T, E, const N: usize>(number: Result<T, E>, out: &mut Vec<u8>, bytes: fn(T) -> [u8; N]) -> bool {
    let Ok(number) = number else { return false };
    out.extend_from_slice(&bytes(number));
    true
}

fn encode_text(text: &str, zone: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&((text.len() + zone.len()) as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(zone.as_bytes());
}

/// The type of a column; `None` for geometries. There is no type for dates and for times of day. Numbers of 32 bits with a
/// fraction become ones of 64 bits: columns of 32 bits hold numbers of 64 bits in other formats.
fn column_type(data_type: &DataType) -> Option<ColumnType> {
    Some(match data_type {
        DataType::Geometry { .. } => return None,
        DataType::Boolean => ColumnType::Bool,
        DataType::Blob { .. } => ColumnType::Binary,
        DataType::Float { .. } => ColumnType::Double,
        DataType::Integer { size: 8 } => ColumnType::Byte,
        DataType::Integer { size: 16 } => ColumnType::Short,
        DataType::Integer { size: 32 } => ColumnType::Int,
        DataType::Integer { .. } => ColumnType::Long,
        DataType::Date | DataType::Timestamp { .. } => ColumnType::DateTime,
        DataType::Interval | DataType::Numeric { .. } | DataType::Text { .. } | DataType::Time => {
            ColumnType::String
        }
    })
}
