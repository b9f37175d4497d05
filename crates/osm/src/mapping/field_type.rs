//! The types of fields, and the conversion of the value of a tag to them.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::Offset,
};
use longhaul_geodata::{Batch, DataType, Value};

/// The type of a field. [`FieldType::TYPES`] has GeoGig's names of the types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldType {
    Boolean,
    /// A signed integer of this many bits.
    Integer(u8),
    /// A floating-point number of this many bits.
    Float(u8),
    Text,
    Date,
    Time,
    Timestamp,
}

impl FieldType {
    /// All types by their names.
    const TYPES: [(&'static str, Self); 13] = [
        ("BOOLEAN", Self::Boolean),
        ("BYTE", Self::Integer(8)),
        ("SHORT", Self::Integer(16)),
        ("INTEGER", Self::Integer(32)),
        ("LONG", Self::Integer(64)),
        ("FLOAT", Self::Float(32)),
        ("DOUBLE", Self::Float(64)),
        ("STRING", Self::Text),
        ("UUID", Self::Text),
        ("DATE", Self::Date),
        ("TIME", Self::Time),
        ("DATETIME", Self::Timestamp),
        ("TIMESTAMP", Self::Timestamp),
    ];

    /// The type with this name, in upper or lower case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind)
    }

    /// All names, for an error message.
    pub(super) fn names() -> String {
        Self::TYPES.map(|(name, _)| name).join(", ")
    }

    /// The type of the column.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Integer(size) => DataType::Integer { size },
            Self::Float(size) => DataType::Float { size },
            Self::Text => DataType::Text { length: None },
            Self::Date => DataType::Date,
            Self::Time => DataType::Time,
            Self::Timestamp => DataType::Timestamp { utc: true },
        }
    }

    /// Converts `text` and adds the value, or null if it does not fit the type. Returns whether it fits.
    pub(super) fn push(self, text: &str, features: &mut Batch) -> bool {
        let plain = text.trim();
        let time_text = match self {
            Self::Date => plain.parse::<Date>().ok().filter(has_year).map(|date| date.to_string()),
            Self::Time => plain.parse::<Time>().ok().map(|time| time.to_string()),
            Self::Timestamp => date_time(plain).map(|date_time| date_time.to_string()),
            _ => None,
        };
        let value = match self {
            Self::Text => Some(Value::Text(text)),
            Self::Boolean => boolean(plain).map(Value::Boolean),
            Self::Integer(size) => integer(plain, size).map(Value::Integer),
            Self::Float(size) => float(plain, size).map(Value::Float),
            Self::Date | Self::Time | Self::Timestamp => time_text.as_deref().map(Value::Text),
        };
        features.push(value.unwrap_or(Value::Null));
        value.is_some()
    }
}

/// The values that OpenStreetMap uses for boolean tags.
fn boolean(text: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 3]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    match (is_one_of(["yes", "true", "1"]), is_one_of(["no", "false", "0"])) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

fn integer(text: &str, size: u8) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    let unused = 64 - u32::from(size);
    (number << unused >> unused == number).then_some(number)
}

/// A number in decimal or exponential notation. `inf` and `nan` are not accepted.
fn float(text: &str, size: u8) -> Option<f64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number: f64 = text.parse().ok().filter(|_| is_plain)?;
    let number = if size == 32 { f64::from(number as f32) } else { number };
    number.is_finite().then_some(number)
}

fn has_year(date: &Date) -> bool {
    date.year() >= 0
}

/// Date and time in UTC. A value without a time zone is taken as UTC.
fn date_time(text: &str) -> Option<DateTime> {
    let zoned = text.parse::<Timestamp>().map(|date_time| Offset::UTC.to_datetime(date_time));
    let date_time = zoned.or_else(|_| text.parse::<DateTime>()).ok()?;
    has_year(&date_time.date()).then_some(date_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value that a text is converted to, as text; `None` if it does not fit.
    fn read(kind: &str, text: &str) -> Option<String> {
        let mut batch = Batch::new(1);
        let is_read = FieldType::named(kind).unwrap().push(text, &mut batch);
        let row = batch.rows().next().unwrap();
        match row.value(0) {
            Value::Null => {
                assert!(!is_read);
                None
            }
            value => {
                assert!(is_read);
                Some(match value {
                    Value::Boolean(truth) => truth.to_string(),
                    Value::Integer(number) => number.to_string(),
                    Value::Float(number) => number.to_string(),
                    Value::Text(text) => text.to_owned(),
                    other => panic!("{other:?}"),
                })
            }
        }
    }

    #[test]
    fn a_value_that_fits_is_converted_to_the_type_of_its_column() {
        for (kind, text, value) in [
            ("BOOLEAN", "yes", "true"),
            ("boolean", "True", "true"),
            ("BOOLEAN", "no", "false"),
            ("BOOLEAN", "0", "false"),
            ("BYTE", "-128", "-128"),
            ("SHORT", "32767", "32767"),
            ("INTEGER", " 50 ", "50"),
            ("LONG", "9223372036854775807", "9223372036854775807"),
            ("FLOAT", "0.1", "0.10000000149011612"),
            ("DOUBLE", "-1.5e3", "-1500"),
            ("STRING", " as it is ", " as it is "),
            ("DATE", "2012-05-04", "2012-05-04"),
            ("TIME", "08:30", "08:30:00"),
            ("DATETIME", "2012-05-04T10:00:00+02:00", "2012-05-04T08:00:00"),
            ("TIMESTAMP", "2012-05-04 10:00", "2012-05-04T10:00:00"),
        ] {
            assert_eq!(read(kind, text).as_deref(), Some(value), "{kind} {text}");
        }
    }

    #[test]
    fn a_value_that_does_not_fit_is_null() {
        for (kind, text) in [
            ("BOOLEAN", "-1"),
            ("BOOLEAN", "reversible"),
            ("BYTE", "128"),
            ("SHORT", "-32769"),
            ("INTEGER", "50 mph"),
            ("INTEGER", "2147483648"),
            ("INTEGER", "3.0"),
            ("LONG", "9223372036854775808"),
            ("FLOAT", "1e39"),
            ("DOUBLE", "inf"),
            ("DOUBLE", "NaN"),
            ("DOUBLE", "3,5"),
            ("DATE", "2012"),
            ("DATE", "2012-02-30"),
            ("TIME", "24/7"),
            ("DATETIME", "soon"),
        ] {
            assert_eq!(read(kind, text), None, "{kind} {text}");
        }
    }
}
