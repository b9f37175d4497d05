//! The extent of a geometry, from its coordinates.

use super::arc;
use super::code::{Code, GeometryKind};
use super::cursor::ByteOrder;
use super::header::{self, EnvelopeKind, Header};
use super::position::positions;
use super::walk::{self, Visitor};
use super::{GeometryError, GeometryTypeCode};

/// A box in the plane. The smallest value is never greater than the largest, and all four are finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// The smallest x, or longitude.
    pub min_x: f64,
    /// The smallest y, or latitude.
    pub min_y: f64,
    /// The largest x.
    pub max_x: f64,
    /// The largest y.
    pub max_y: f64,
}

impl Extent {
    /// The extent of one position.
    pub fn of_point(x: f64, y: f64) -> Self {
        Self { min_x: x, min_y: y, max_x: x, max_y: y }
    }

    /// The smallest box that holds both.
    pub fn union(self, other: Self) -> Self {
        Self {
            min_x: self.min_x.min(other.min_x),
            min_y: self.min_y.min(other.min_y),
            max_x: self.max_x.max(other.max_x),
            max_y: self.max_y.max(other.max_y),
        }
    }

    /// Whether the two have a point in common, be it on their edges.
    pub fn intersects(&self, other: &Self) -> bool {
        self.min_x <= other.max_x
            && self.max_x >= other.min_x
            && self.min_y <= other.max_y
            && self.max_y >= other.min_y
    }

    /// Whether all of the other is in this one.
    pub fn contains(&self, other: &Self) -> bool {
        self.min_x <= other.min_x
            && self.max_x >= other.max_x
            && self.min_y <= other.min_y
            && self.max_y >= other.max_y
    }
}

/// The type and the extent of a geometry in its stored form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Its own type.
    pub code: GeometryTypeCode,
    /// The range of its coordinates, arcs included; none if it is empty. A position with a coordinate that is not
    /// finite does not count.
    pub extent: Option<Extent>,
}

/// Measures a geometry in its stored form. The envelope in its header is not read: it may be wrong.
///
/// # Errors
/// If the geometry does not decode from its first byte to its last.
pub fn measure(stored: &[u8]) -> Result<Measured, GeometryError> {
    let (_, body) = Header::parse(stored)?;
    let mut visitor = ExtentVisitor { code: None, extent: None };
    walk::walk(body, &mut visitor)?;
    let code = visitor.code.ok_or(GeometryError::Short)?;
    Ok(Measured { code: GeometryTypeCode::of(code), extent: visitor.extent })
}

/// The extent of a geometry in its stored form by the envelope in its header, or of a geometry without one by its coordinates.
/// It is only as right as the envelope, and much quicker than [`measure`].
pub fn quick_extent(stored: &[u8]) -> Option<Extent> {
    let (header, body) = Header::parse(stored).ok()?;
    let mut numbers = match header.envelope {
        EnvelopeKind::None => {
            let mut visitor = ExtentVisitor { code: None, extent: None };
            walk::walk(body, &mut visitor).ok()?;
            return visitor.extent;
        }
        _ => stored[header::ENVELOPE..].as_chunks::<8>().0.iter().map(|bytes| header.order.float(*bytes)),
    };
    let mut next = || numbers.next().filter(|number| number.is_finite());
    let (min_x, max_x, min_y, max_y) = (next()?, next()?, next()?, next()?);
    (min_x <= max_x && min_y <= max_y).then_some(Extent { min_x, min_y, max_x, max_y })
}

struct ExtentVisitor {
    /// The type of the outermost geometry.
    code: Option<Code>,
    extent: Option<Extent>,
}

impl ExtentVisitor {
    #[inline]
    fn add(&mut self, x: f64, y: f64) {
        if x.is_finite() && y.is_finite() {
            let point = Extent::of_point(x, y);
            self.extent = Some(self.extent.map_or(point, |extent| extent.union(point)));
        }
    }

    /// Circular strings: each pair of arcs shares a position.
    fn add_arcs(&mut self, order: ByteOrder, code: Code, bytes: &[u8]) {
        let all: Vec<_> = positions(order, code, bytes).map(|(x, y, _)| (x, y)).collect();
        for arc in all.windows(3).step_by(2) {
            arc::extremes(arc[0], arc[1], arc[2]).for_each(|(x, y)| self.add(x, y));
        }
    }
}

impl Visitor for ExtentVisitor {
    #[inline]
    fn geometry(&mut self, _: ByteOrder, code: Code) {
        self.code.get_or_insert(code);
    }

    #[inline]
    fn count(&mut self, _: u32) {}

    #[inline]
    fn positions(&mut self, order: ByteOrder, code: Code, bytes: &[u8]) {
        positions(order, code, bytes).for_each(|(x, y, _)| self.add(x, y));
        if code.kind == GeometryKind::CircularString {
            self.add_arcs(order, code, bytes);
        }
    }
}
