//! The columns of a layer, with the types of Kart's table datasets V3.

use std::fmt;

/// The columns of a layer, in table order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// The columns.
    pub columns: Vec<Column>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub data_type: DataType,
    /// Whether it is the primary key. At most one column is.
    pub primary_key: bool,
}

/// What the values of a column are; sizes in bits, lengths in characters or bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataType {
    /// Yes or no.
    Boolean,
    /// Bytes, at most `length` of them where given.
    Blob {
        /// The most bytes.
        length: Option<u64>,
    },
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A floating-point number of 32 or 64 bits.
    Float {
        /// Bits.
        size: u8,
    },
    /// A geometry in the stored form of GeoPackageBinary.
    Geometry {
        /// Which geometries.
        kind: GeometryType,
        /// The [`crate::Crs::identifier`] of its coordinate reference system.
        crs: Option<String>,
    },
    /// A whole number of 8, 16, 32 or 64 bits.
    Integer {
        /// Bits.
        size: u8,
    },
    /// A duration in ISO 8601.
    Interval,
    /// A decimal number as text.
    Numeric {
        /// Digits in all.
        precision: Option<u32>,
        /// Digits after the point.
        scale: Option<u32>,
    },
    /// A text, at most `length` characters where given.
    Text {
        /// The most characters.
        length: Option<u64>,
    },
    /// A time of day.
    Time,
    /// A moment, `YYYY-MM-DDThh:mm:ss[.ffff]` without a zone letter.
    Timestamp {
        /// Whether it is in UTC; otherwise its zone is unknown.
        utc: bool,
    },
}

/// Which geometries a column holds: a WKT type and its extra dimensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeometryType {
    /// The WKT type, `POINT`; `GEOMETRY` is any.
    pub name: String,
    /// Whether there is a third coordinate.
    pub z: bool,
    /// Whether there is a measure.
    pub m: bool,
}

impl fmt::Display for GeometryType {
    /// As in Kart's `geometryType`: `POINT`, `POINT Z`, `POINT M`, `POINT ZM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dimensions = match (self.z, self.m) {
            (false, false) => "",
            (true, false) => " Z",
            (false, true) => " M",
            (true, true) => " ZM",
        };
        write!(f, "{}{dimensions}", self.name)
    }
}

impl Schema {
    /// The position of the primary key among the columns.
    pub fn primary_key(&self) -> Option<usize> {
        self.columns.iter().position(|column| column.primary_key)
    }

    /// The position of the first column of geometries.
    pub fn geometry(&self) -> Option<usize> {
        self.columns.iter().position(|column| matches!(column.data_type, DataType::Geometry { .. }))
    }
}
