//! What is known of a geometry once it was decoded.

use crate::GeometryType;

use super::Code;
use super::code::GeometryKind;

/// The type of a geometry, and what followed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeometrySummary {
    pub(super) code: Code,
    /// How many bytes follow its end.
    pub trailing: usize,
}

impl GeometrySummary {
    /// Its type in WKT.
    pub fn kind(&self) -> &'static str {
        self.code.kind.name()
    }

    /// Whether it has a third coordinate.
    pub fn z(&self) -> bool {
        self.code.z
    }

    /// Whether it has a measure.
    pub fn m(&self) -> bool {
        self.code.m
    }
}

/// The geometries that a column may hold by its type, dimensions aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllowedKinds(u32);

impl AllowedKinds {
    /// Those of a column of this type: itself and its subtypes. A type that is not known allows all.
    pub fn of(kind: &GeometryType) -> Self {
        use GeometryKind as K;
        let kinds: &[K] = match kind.name.as_str() {
            "POINT" => &[K::Point],
            "LINESTRING" => &[K::LineString],
            "CIRCULARSTRING" => &[K::CircularString],
            "COMPOUNDCURVE" => &[K::CompoundCurve],
            "CURVE" => &[K::LineString, K::CircularString, K::CompoundCurve],
            "POLYGON" => &[K::Polygon, K::Triangle],
            "TRIANGLE" => &[K::Triangle],
            "CURVEPOLYGON" => &[K::CurvePolygon, K::Polygon, K::Triangle],
            "POLYHEDRALSURFACE" => &[K::PolyhedralSurface, K::Tin],
            "TIN" => &[K::Tin],
            "SURFACE" => &[K::Polygon, K::Triangle, K::CurvePolygon, K::PolyhedralSurface, K::Tin],
            "MULTIPOINT" => &[K::MultiPoint],
            "MULTILINESTRING" => &[K::MultiLineString],
            "MULTICURVE" => &[K::MultiCurve, K::MultiLineString],
            "MULTIPOLYGON" => &[K::MultiPolygon],
            "MULTISURFACE" => &[K::MultiSurface, K::MultiPolygon],
            "GEOMETRYCOLLECTION" => &[
                K::GeometryCollection,
                K::MultiPoint,
                K::MultiLineString,
                K::MultiPolygon,
                K::MultiCurve,
                K::MultiSurface,
            ],
            _ => return Self(u32::MAX),
        };
        Self(kinds.iter().fold(0, |bits, kind| bits | bit(*kind)))
    }

    /// Whether a geometry is of one of the types.
    #[inline]
    pub fn allows(self, geometry: &GeometrySummary) -> bool {
        self.0 & bit(geometry.code.kind) != 0
    }
}

fn bit(kind: GeometryKind) -> u32 {
    1 << kind as u32
}
