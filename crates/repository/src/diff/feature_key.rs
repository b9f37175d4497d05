//! The primary key of a feature, as the name of its file has it.

use std::{cmp::Ordering, fmt};

use longhaul_geodata::Value;

use crate::dataset::feature_path::{packed_key, unpack_key};

/// The primary key of a feature.
///
/// Keys are ordered: numbers by value, then texts by their bytes, then all others by the name of their file.
#[derive(Clone, Debug, PartialEq)]
pub enum FeatureKey {
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text.
    Text(String),
    /// The name of the file, for keys of other types and of several columns.
    FileName(String),
}

impl FeatureKey {
    /// The key that a file name encodes.
    pub(crate) fn of_file_name(name: &[u8]) -> Self {
        let packed = packed_key(name);
        match packed.as_deref().and_then(unpack_key) {
            Some(Value::Integer(number)) => Self::Integer(number),
            Some(Value::Float(number)) => Self::Float(number),
            Some(Value::Text(text)) => Self::Text(text.to_owned()),
            _ => Self::FileName(String::from_utf8_lossy(name).into_owned()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Integer(_) | Self::Float(_) => 0,
            Self::Text(_) => 1,
            Self::FileName(_) => 2,
        }
    }
}

impl fmt::Display for FeatureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Text(text) | Self::FileName(text) => f.write_str(text),
        }
    }
}

impl Eq for FeatureKey {}

impl PartialOrd for FeatureKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FeatureKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(b),
            (Self::Integer(a), Self::Float(b)) => (*a as f64).total_cmp(b).then(Ordering::Less),
            (Self::Float(a), Self::Integer(b)) => a.total_cmp(&(*b as f64)).then(Ordering::Greater),
            (Self::Text(a), Self::Text(b)) | (Self::FileName(a), Self::FileName(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}
