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

impl GeometryType {
    /// A type from its name in any case, with or without the dimensions: `Point`, `POINT Z`, `PointZM`. A synonym becomes the
    /// usual name.
    pub fn named(name: &str, z: bool, m: bool) -> Self {
        let upper = name.trim().to_ascii_uppercase();
        let (base, in_name) = ["ZM", "Z", "M"]
            .into_iter()
            .find_map(|suffix| Some((known_name(upper.strip_suffix(suffix)?.trim_end())?, suffix)))
            .unwrap_or_else(|| (known_name(&upper).unwrap_or(&upper), ""));
        Self { name: base.to_owned(), z: z || in_name.contains('Z'), m: m || in_name.contains('M') }
    }

    /// Whether this is the name of a type, as [`Self::named`] reads it.
    pub fn is_known(name: &str) -> bool {
        known_name(&Self::named(name, false, false).name).is_some()
    }
}

/// The types of ISO 13249-3.
const GEOMETRY_TYPES: [&str; 18] = [
    "GEOMETRY",
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
    "CIRCULARSTRING",
    "COMPOUNDCURVE",
    "CURVEPOLYGON",
    "MULTICURVE",
    "MULTISURFACE",
    "CURVE",
    "SURFACE",
    "POLYHEDRALSURFACE",
    "TIN",
    "TRIANGLE",
];

/// The usual name of a type given in capital letters; none if there is no such type.
fn known_name(name: &str) -> Option<&'static str> {
    match name {
        // As early versions of the GeoPackage specification have it.
        "GEOMCOLLECTION" => Some("GEOMETRYCOLLECTION"),
        _ => GEOMETRY_TYPES.into_iter().find(|known| *known == name),
    }
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
