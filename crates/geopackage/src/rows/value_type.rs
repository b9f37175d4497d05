//! Which values fit the declared type of a column.

use longhaul_geodata::geometry::{AllowedKinds, GeometrySummary};
use longhaul_geodata::{DataType, GeometryType};
use rusqlite::types::ValueRef;

/// What the values of a column should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    /// Anything, because the declared type is none of GeoPackage's.
    Any,
    Boolean,
    /// Of so many bits.
    Integer(u8),
    Float,
    /// Of at most so many characters.
    Text(Option<u64>),
    /// Of at most so many bytes.
    Blob(Option<u64>),
    Date,
    Timestamp,
    Geometry(GeometryRule),
    /// The id of a feature of GeoGig, which is text.
    FeatureId,
}

/// Which geometries a column may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GeometryRule {
    kinds: AllowedKinds,
    z: Dimension,
    m: Dimension,
}

/// Whether a third coordinate or a measure is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dimension {
    Prohibited,
    Mandatory,
    Optional,
}

impl ValueType {
    /// Of a column that holds no geometries.
    pub(crate) fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Boolean,
            DataType::Integer { size } => Self::Integer(*size),
            DataType::Float { .. } => Self::Float,
            DataType::Text { length } => Self::Text(*length),
            DataType::Blob { length } => Self::Blob(*length),
            DataType::Date => Self::Date,
            DataType::Timestamp { .. } => Self::Timestamp,
            _ => Self::Any,
        }
    }

    /// Whether a value that is not null fits.
    #[inline]
    pub(crate) fn fits(self, value: ValueRef<'_>) -> bool {
        match (self, value) {
            (Self::Any, _) => true,
            (Self::Boolean, ValueRef::Integer(value)) => matches!(value, 0 | 1),
            (Self::Integer(64), ValueRef::Integer(_)) => true,
            (Self::Integer(bits), ValueRef::Integer(value)) => {
                // The sign fills all bits beyond.
                matches!(value >> (bits - 1), 0 | -1)
            }
            (Self::Float, ValueRef::Real(_) | ValueRef::Integer(_)) => true,
            (Self::Text(most), ValueRef::Text(text)) => most.is_none_or(|most| is_short(text, most)),
            (Self::Blob(most), ValueRef::Blob(bytes)) => most.is_none_or(|most| bytes.len() as u64 <= most),
            (Self::Date, ValueRef::Text(text)) => is_date(text),
            (Self::Timestamp, ValueRef::Text(text)) => is_timestamp(text),
            (Self::FeatureId, ValueRef::Text(_)) => true,
            _ => false,
        }
    }
}

impl GeometryRule {
    /// Of a column of this type, with the numbers that `gpkg_geometry_columns` has for its dimensions.
    pub(crate) fn new(kind: &GeometryType, z: i64, m: i64) -> Self {
        let dimension = |code: i64, is_named: bool| match code {
            0 if !is_named => Dimension::Prohibited,
            2 => Dimension::Optional,
            _ => Dimension::Mandatory,
        };
        Self { kinds: AllowedKinds::of(kind), z: dimension(z, kind.z), m: dimension(m, kind.m) }
    }

    #[inline]
    pub(crate) fn fits(self, geometry: &GeometrySummary) -> bool {
        self.kinds.allows(geometry) && self.z.allows(geometry.z()) && self.m.allows(geometry.m())
    }
}

impl Dimension {
    #[inline]
    fn allows(self, is_present: bool) -> bool {
        match self {
            Self::Prohibited => !is_present,
            Self::Mandatory => is_present,
            Self::Optional => true,
        }
    }
}

/// Whether a text has at most so many characters.
#[inline]
fn is_short(text: &[u8], most: u64) -> bool {
    // Bytes that continue a character are 0b10xx_xxxx.
    text.len() as u64 <= most
        || text.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count() as u64 <= most
}

/// `YYYY-MM-DD`.
#[inline]
fn is_date(text: &[u8]) -> bool {
    let [a, b, c, d, b'-', m1, m2, b'-', d1, d2] = text else { return false };
    let digits = [a, b, c, d, m1, m2, d1, d2];
    digits.iter().all(|digit| digit.is_ascii_digit())
        && (1..=12).contains(&two(*m1, *m2))
        && (1..=31).contains(&two(*d1, *d2))
}

/// `YYYY-MM-DDThh:mm[:ss[.fff]][Z]`.
#[inline]
fn is_timestamp(text: &[u8]) -> bool {
    let text = text.strip_suffix(b"Z").unwrap_or(text);
    let Some((date, time)) = text.split_at_checked(10) else { return false };
    is_date(date) && time.strip_prefix(b"T").is_some_and(is_time)
}

fn is_time(text: &[u8]) -> bool {
    let [h1, h2, b':', m1, m2, rest @ ..] = text else { return false };
    if ![h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit())
        || two(*h1, *h2) > 24
        || two(*m1, *m2) > 59
    {
        return false;
    }
    match rest {
        [] => true,
        // A leap second is 60.
        [b':', s1 @ b'0'..=b'6', s2 @ b'0'..=b'9', fraction @ ..] => {
            two(*s1, *s2) <= 60
                && match fraction {
                    [] => true,
                    [b'.', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
                    _ => false,
                }
        }
        _ => false,
    }
}

fn two(tens: u8, ones: u8) -> u8 {
    (tens - b'0') * 10 + (ones - b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_those_of_the_specification() {
        for date in ["2024-02-29", "0001-12-31"] {
            assert!(is_date(date.as_bytes()), "{date}");
        }
        for no_date in ["2024-2-29", "2024-13-01", "2024-01-32", "2024/01/01", "2024-01-01 ", "", "20240101"]
        {
            assert!(!is_date(no_date.as_bytes()), "{no_date}");
        }
        for time in
            ["2024-02-29T23:59:60Z", "2024-02-29T00:00:00.123Z", "2024-02-29T00:00Z", "2024-02-29T00:00:00"]
        {
            assert!(is_timestamp(time.as_bytes()), "{time}");
        }
        for no_time in [
            "2024-02-29",
            "2024-02-29 00:00:00",
            "2024-02-29T00:00:00+02:00",
            "2024-02-29T25:00:00Z",
            "2024-02-29T00:00:00.Z",
            "2024-02-29T00:0",
            "Z",
        ] {
            assert!(!is_timestamp(no_time.as_bytes()), "{no_time}");
        }
    }

    #[test]
    fn numbers_fit_the_bits_of_their_column_and_texts_its_length() {
        for (bits, fits, misfits) in [
            (8, [127, -128], [128, -129]),
            (16, [32_767, -32_768], [32_768, -32_769]),
            (32, [1 << 30, -1 << 31], [1 << 31, -1 << 40]),
        ] {
            assert!(
                fits.iter().all(|value| ValueType::Integer(bits).fits(ValueRef::Integer(*value))),
                "{bits}"
            );
            assert!(
                !misfits.iter().any(|value| ValueType::Integer(bits).fits(ValueRef::Integer(*value))),
                "{bits}"
            );
        }
        assert!(ValueType::Text(Some(3)).fits(ValueRef::Text("äöü".as_bytes())));
        assert!(!ValueType::Text(Some(3)).fits(ValueRef::Text("äöü.".as_bytes())));
        assert!(!ValueType::Boolean.fits(ValueRef::Integer(2)));
        assert!(!ValueType::Blob(None).fits(ValueRef::Text(b"x")));
    }
}
