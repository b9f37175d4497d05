//! One pass over well-known binary.

use super::code::{Body, GeometryKind};
use super::cursor::{ByteOrder, Cursor};
use super::{Code, GeometryError};

/// The deepest nesting of collections, as in GDAL.
const DEEPEST: usize = 32;

/// Receives what a walk finds, in the order of the bytes.
pub(super) trait Visitor {
    /// A geometry or a part of one begins.
    fn geometry(&mut self, order: ByteOrder, code: Code);
    /// The number of positions, rings or parts that follow.
    fn count(&mut self, count: u32);
    /// Positions, as encoded in the input.
    fn positions(&mut self, order: ByteOrder, code: Code, bytes: &[u8]);
}

/// What [`check`] found in a geometry that decodes.
pub(super) struct WkbSummary {
    /// The order of its outermost numbers.
    pub(super) order: ByteOrder,
    /// Its own type.
    pub(super) code: Code,
    /// Whether it and all its parts have codes of ISO.
    pub(super) only_iso_codes: bool,
    /// How many bytes follow its end.
    pub(super) trailing: usize,
}

/// Checks that `body` decodes, without reading coordinates.
pub(super) fn check(body: &[u8]) -> Result<WkbSummary, GeometryError> {
    let mut cursor = Cursor::new(body);
    let order = cursor.byte_order()?;
    let code = Code::parse(cursor.u32(order)?)?;
    let mut codes = IsoCodeCheck(true);
    let trailing = walk(body, &mut codes)?;
    Ok(WkbSummary { order, code, only_iso_codes: codes.0, trailing })
}

/// Walks through the geometry at the start of `body`; returns how many bytes follow its end.
pub(super) fn walk(body: &[u8], visitor: &mut impl Visitor) -> Result<usize, GeometryError> {
    let mut cursor = Cursor::new(body);
    walk_geometry(&mut cursor, None, 0, visitor)?;
    Ok(cursor.rest().len())
}

/// Reads the byte order and the type of a geometry that is a part of an `outer` one, and checks that it may be there.
pub(super) fn begin_geometry(
    cursor: &mut Cursor<'_>,
    outer: Option<GeometryKind>,
    depth: usize,
) -> Result<(ByteOrder, Code), GeometryError> {
    let order = cursor.byte_order()?;
    let code = Code::parse(cursor.u32(order)?)?;
    check_place(code.kind, outer, depth)?;
    Ok((order, code))
}

fn walk_geometry(
    cursor: &mut Cursor<'_>,
    outer: Option<GeometryKind>,
    depth: usize,
    visitor: &mut impl Visitor,
) -> Result<(), GeometryError> {
    let (order, code) = begin_geometry(cursor, outer, depth)?;
    visitor.geometry(order, code);
    match code.kind.body() {
        Body::Position => walk_positions(cursor, 1, order, code, visitor),
        Body::Positions => {
            let count = walk_count(cursor, order, visitor)?;
            walk_positions(cursor, count, order, code, visitor)
        }
        Body::Rings => walk_rings(cursor, order, code, visitor),
        Body::Parts => walk_parts(cursor, order, code.kind, depth, visitor),
    }
}

fn check_place(kind: GeometryKind, outer: Option<GeometryKind>, depth: usize) -> Result<(), GeometryError> {
    match outer {
        Some(outer) if !outer.holds(kind) => {
            Err(GeometryError::Part { outer: outer.name(), inner: kind.name() })
        }
        _ if depth > DEEPEST => Err(GeometryError::Depth(DEEPEST)),
        _ => Ok(()),
    }
}

#[inline]
fn walk_count(
    cursor: &mut Cursor<'_>,
    order: ByteOrder,
    visitor: &mut impl Visitor,
) -> Result<u32, GeometryError> {
    let count = cursor.u32(order)?;
    visitor.count(count);
    Ok(count)
}

#[inline]
fn walk_positions(
    cursor: &mut Cursor<'_>,
    count: u32,
    order: ByteOrder,
    code: Code,
    visitor: &mut impl Visitor,
) -> Result<(), GeometryError> {
    let bytes = cursor.take_items(count, code.position_size())?;
    visitor.positions(order, code, bytes);
    Ok(())
}

fn walk_rings(
    cursor: &mut Cursor<'_>,
    order: ByteOrder,
    code: Code,
    visitor: &mut impl Visitor,
) -> Result<(), GeometryError> {
    let rings = walk_count(cursor, order, visitor)?;
    for _ in 0..rings {
        let count = walk_count(cursor, order, visitor)?;
        walk_positions(cursor, count, order, code, visitor)?;
    }
    Ok(())
}

fn walk_parts(
    cursor: &mut Cursor<'_>,
    order: ByteOrder,
    kind: GeometryKind,
    depth: usize,
    visitor: &mut impl Visitor,
) -> Result<(), GeometryError> {
    let parts = walk_count(cursor, order, visitor)?;
    for _ in 0..parts {
        walk_geometry(cursor, Some(kind), depth + 1, visitor)?;
    }
    Ok(())
}

struct IsoCodeCheck(bool);

impl Visitor for IsoCodeCheck {
    #[inline]
    fn geometry(&mut self, _: ByteOrder, code: Code) {
        self.0 &= !code.old;
    }

    #[inline]
    fn count(&mut self, _: u32) {}

    #[inline]
    fn positions(&mut self, _: ByteOrder, _: Code, _: &[u8]) {}
}
