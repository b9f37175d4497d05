//! The type codes of well-known binary.
//!
//! ISO 13249-3 adds 1000 to a type's code for Z, 2000 for M and 3000 for both. Before it, OGC's drafts marked a third
//! coordinate with the highest bit.

use super::GeometryError;

/// A type code, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) kind: GeometryKind,
    pub(super) z: bool,
    pub(super) m: bool,
    /// Whether it was written with the highest bit for Z.
    pub(super) old: bool,
}

/// The types of geometries that can occur in a file; the discriminants are their codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum GeometryKind {
    Point = 1,
    LineString = 2,
    Polygon = 3,
    MultiPoint = 4,
    MultiLineString = 5,
    MultiPolygon = 6,
    GeometryCollection = 7,
    CircularString = 8,
    CompoundCurve = 9,
    CurvePolygon = 10,
    MultiCurve = 11,
    MultiSurface = 12,
    PolyhedralSurface = 15,
    Tin = 16,
    Triangle = 17,
}

/// What follows a type code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// One position.
    Position,
    /// A count and as many positions.
    Positions,
    /// A count and as many rings, each a count and as many positions.
    Rings,
    /// A count and as many geometries.
    Parts,
}

const OLD_Z: u32 = 0x8000_0000;

impl Code {
    pub(super) fn parse(code: u32) -> Result<Self, GeometryError> {
        let old = code & OLD_Z != 0;
        let iso = code & !OLD_Z;
        let dimensions = iso / 1000;
        let kind = GeometryKind::parse(iso % 1000).ok_or(GeometryError::Code(code))?;
        if dimensions > 3 || (old && dimensions > 0) {
            return Err(GeometryError::Code(code));
        }
        Ok(Self { kind, z: old || dimensions & 1 == 1, m: dimensions & 2 == 2, old })
    }

    /// The code that ISO gives it.
    pub(super) fn iso(self) -> u32 {
        self.kind as u32 + 1000 * u32::from(self.z) + 2000 * u32::from(self.m)
    }

    /// How many bytes a position takes.
    pub(super) fn position_size(self) -> usize {
        8 * (2 + usize::from(self.z) + usize::from(self.m))
    }
}

impl GeometryKind {
    fn parse(code: u32) -> Option<Self> {
        Some(match code {
            1 => Self::Point,
            2 => Self::LineString,
            3 => Self::Polygon,
            4 => Self::MultiPoint,
            5 => Self::MultiLineString,
            6 => Self::MultiPolygon,
            7 => Self::GeometryCollection,
            8 => Self::CircularString,
            9 => Self::CompoundCurve,
            10 => Self::CurvePolygon,
            11 => Self::MultiCurve,
            12 => Self::MultiSurface,
            15 => Self::PolyhedralSurface,
            16 => Self::Tin,
            17 => Self::Triangle,
            _ => return None,
        })
    }

    pub(super) fn body(self) -> Body {
        match self {
            Self::Point => Body::Position,
            Self::LineString | Self::CircularString => Body::Positions,
            Self::Polygon | Self::Triangle => Body::Rings,
            _ => Body::Parts,
        }
    }

    /// Whether a geometry of this type may have `part` as a part.
    pub(super) fn holds(self, part: Self) -> bool {
        match self {
            Self::GeometryCollection => true,
            Self::MultiPoint => part == Self::Point,
            Self::MultiLineString => part == Self::LineString,
            Self::MultiPolygon | Self::PolyhedralSurface => part == Self::Polygon,
            Self::Tin => part == Self::Triangle,
            Self::CompoundCurve => matches!(part, Self::LineString | Self::CircularString),
            Self::CurvePolygon | Self::MultiCurve => {
                matches!(part, Self::LineString | Self::CircularString | Self::CompoundCurve)
            }
            Self::MultiSurface => matches!(part, Self::Polygon | Self::CurvePolygon),
            _ => false,
        }
    }

    /// Its name in WKT.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Point => "POINT",
            Self::LineString => "LINESTRING",
            Self::Polygon => "POLYGON",
            Self::MultiPoint => "MULTIPOINT",
            Self::MultiLineString => "MULTILINESTRING",
            Self::MultiPolygon => "MULTIPOLYGON",
            Self::GeometryCollection => "GEOMETRYCOLLECTION",
            Self::CircularString => "CIRCULARSTRING",
            Self::CompoundCurve => "COMPOUNDCURVE",
            Self::CurvePolygon => "CURVEPOLYGON",
            Self::MultiCurve => "MULTICURVE",
            Self::MultiSurface => "MULTISURFACE",
            Self::PolyhedralSurface => "POLYHEDRALSURFACE",
            Self::Tin => "TIN",
            Self::Triangle => "TRIANGLE",
        }
    }
}
