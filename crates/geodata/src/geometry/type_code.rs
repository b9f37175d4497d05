//! Types of geometries for other crates.

use super::code::{Code, GeometryKind};
use crate::GeometryType;

/// The type of a geometry and its dimensions, as the type code of ISO 13249-3: 3 is a polygon, 1003 one with heights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GeometryTypeCode(u32);

impl GeometryTypeCode {
    /// The type with this code; `None` if there is none.
    pub fn parse(code: u32) -> Option<Self> {
        Code::parse(code).ok().filter(|code| !code.old).map(Self::of)
    }

    pub(super) fn of(code: Code) -> Self {
        Self(code.iso())
    }

    /// The code.
    pub fn get(self) -> u32 {
        self.0
    }

    /// The type in the words of a schema.
    pub fn geometry_type(self) -> GeometryType {
        match Code::parse(self.0) {
            Ok(code) => GeometryType { name: code.kind.name().to_owned(), z: code.z, m: code.m },
            Err(_) => GeometryType { name: "GEOMETRY".to_owned(), z: false, m: false },
        }
    }

    /// Whether its name is that of a curve, or of something that may have curves as parts.
    pub fn is_curved(self) -> bool {
        Code::parse(self.0).is_ok_and(|code| is_curved(code.kind))
    }
}

pub(super) fn is_curved(kind: GeometryKind) -> bool {
    use GeometryKind::{CircularString, CompoundCurve, CurvePolygon, MultiCurve, MultiSurface};
    matches!(kind, CircularString | CompoundCurve | CurvePolygon | MultiCurve | MultiSurface)
}
