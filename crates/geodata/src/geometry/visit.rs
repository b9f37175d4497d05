//! One pass over a stored geometry for writers of other formats.

use super::code::{Body, Code, GeometryKind};
use super::cursor::{ByteOrder, Cursor};
use super::header::Header;
use super::walk::{begin_geometry, check_end};
use super::{GeometryError, GeometryTypeCode};

/// Receives a geometry in the order of its bytes.
pub trait GeometryVisitor {
    /// A geometry, or a geometry that is part of another one, begins. A point has one list of positions; a line likewise; a
    /// polygon has `count` of them, its rings; everything else has `count` geometries as parts.
    fn begin(&mut self, code: GeometryTypeCode, count: usize);

    /// A list of positions: those of a point (one), a line or a ring.
    fn positions(&mut self, positions: Positions<'_>);

    /// The geometry that began last ends.
    fn end(&mut self);
}

/// A list of positions, as they are stored.
#[derive(Clone, Copy)]
pub struct Positions<'a> {
    order: ByteOrder,
    code: Code,
    bytes: &'a [u8],
}

impl<'a> Positions<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.code.position_size()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The numbers of each position: x, y, z if it has heights, and its measure if it has one.
    pub fn iter(self) -> impl Iterator<Item = impl Iterator<Item = f64> + use<'a>> + use<'a> {
        let order = self.order;
        self.bytes.chunks_exact(self.code.position_size()).map(move |position| {
            position.as_chunks::<8>().0.iter().map(move |bytes| match order {
                ByteOrder::Big => f64::from_be_bytes(*bytes),
                ByteOrder::Little => f64::from_le_bytes(*bytes),
            })
        })
    }

    /// Whether it is the one position of an empty point, which is not-a-number twice.
    pub fn is_empty_point(self) -> bool {
        let is_point = self.code.kind == GeometryKind::Point;
        is_point && self.iter().all(|numbers| numbers.take(2).all(f64::is_nan))
    }
}

/// Shows a geometry in its stored form to a visitor.
///
/// # Errors
/// If the geometry does not decode from its first byte to its last. The visitor has seen what lies before the fault.
pub fn visit(stored: &[u8], visitor: &mut impl GeometryVisitor) -> Result<(), GeometryError> {
    let (_, body) = Header::parse(stored)?;
    let mut cursor = Cursor::new(body);
    geometry(&mut cursor, None, 0, visitor)?;
    check_end(&cursor)
}

fn geometry(
    cursor: &mut Cursor<'_>,
    outer: Option<GeometryKind>,
    depth: usize,
    visitor: &mut impl GeometryVisitor,
) -> Result<(), GeometryError> {
    let (order, code) = begin_geometry(cursor, outer, depth)?;
    let positions = |cursor: &mut Cursor<'_>, count, visitor: &mut dyn FnMut(Positions<'_>)| {
        let bytes = cursor.take_items(count, code.position_size())?;
        visitor(Positions { order, code, bytes });
        Ok::<_, GeometryError>(())
    };
    match code.kind.body() {
        Body::Position => {
            visitor.begin(GeometryTypeCode::of(code), 1);
            positions(cursor, 1, &mut |list| visitor.positions(list))?;
        }
        Body::Positions => {
            let count = cursor.u32(order)?;
            visitor.begin(GeometryTypeCode::of(code), 1);
            positions(cursor, count, &mut |list| visitor.positions(list))?;
        }
        Body::Rings => {
            let rings = cursor.u32(order)?;
            visitor.begin(GeometryTypeCode::of(code), rings as usize);
            for _ in 0..rings {
                let count = cursor.u32(order)?;
                positions(cursor, count, &mut |list| visitor.positions(list))?;
            }
        }
        Body::Parts => {
            let parts = cursor.u32(order)?;
            visitor.begin(GeometryTypeCode::of(code), parts as usize);
            for _ in 0..parts {
                geometry(cursor, Some(code.kind), depth + 1, visitor)?;
            }
        }
    }
    visitor.end();
    Ok(())
}
