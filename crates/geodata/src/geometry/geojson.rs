//! Writes geometries as GeoJSON, [RFC 7946](https://datatracker.ietf.org/doc/html/rfc7946).
//!
//! Coordinates are written as they are stored, whatever their coordinate reference system is; each has as many digits as are
//! needed to read back the same number. Outer rings are written counterclockwise and inner ones clockwise.

use super::GeometryError;
use super::code::{Body, Code, GeometryKind};
use super::cursor::{ByteOrder, Cursor};
use super::header::Header;
use super::position::{Position, positions};
use super::type_code::is_curved;
use super::walk::begin_geometry;

/// How a geometry becomes GeoJSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GeoJsonOptions {
    /// Whether y is written before x, for coordinate reference systems whose authority has that order.
    pub swap_axes: bool,
    /// Whether measures are left out, which GeoJSON does not have; otherwise a geometry with measures is an error.
    pub drop_measures: bool,
}

/// Why a geometry has no form in GeoJSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GeoJsonError {
    /// The geometry does not decode.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// It may have arcs.
    #[error("GeoJSON has no {0}")]
    Curve(&'static str),
    /// Its positions have measures.
    #[error("GeoJSON has no measures (M)")]
    Measures,
}

/// Appends the geometry object of a geometry in its stored form.
///
/// Triangles become polygons, and surfaces of several polygons or triangles multi-polygons. An empty geometry has no
/// coordinates. A number that is not finite becomes `null`.
///
/// # Errors
/// If the geometry does not decode, or GeoJSON has nothing like it; `out` is then as it was before.
pub fn write_geojson(stored: &[u8], options: GeoJsonOptions, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    let written = Header::parse(stored).map_err(GeoJsonError::from).and_then(|(_, body)| {
        let mut cursor = Cursor::new(body);
        // Bytes may follow: a stored form that was copied keeps them.
        Writer { options, out }.geometry(&mut cursor, None, 0)?;
        Ok(())
    });
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Appends a number with the fewest digits that read back as the same number; `null` if it is not finite.
pub fn write_number(number: f64, out: &mut Vec<u8>) {
    if number.is_finite() {
        let mut digits = zmij::Buffer::new();
        let text = digits.format_finite(number);
        out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
    } else {
        out.extend_from_slice(b"null");
    }
}

struct Writer<'a> {
    options: GeoJsonOptions,
    out: &'a mut Vec<u8>,
}

type Result<T> = std::result::Result<T, GeoJsonError>;

impl Writer<'_> {
    /// A whole geometry object.
    fn geometry(&mut self, cursor: &mut Cursor<'_>, outer: Option<GeometryKind>, depth: usize) -> Result<()> {
        let (order, code) = self.begin(cursor, outer, depth)?;
        self.text("{\"type\":\"");
        self.text(type_name(code.kind));
        if code.kind == GeometryKind::GeometryCollection {
            self.text("\",\"geometries\":");
            self.parts(cursor, order, |writer, cursor| {
                writer.geometry(cursor, Some(code.kind), depth + 1).map(|()| true)
            })?;
        } else {
            self.text("\",\"coordinates\":");
            self.coordinates(cursor, order, code, depth)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn begin(
        &self,
        cursor: &mut Cursor<'_>,
        outer: Option<GeometryKind>,
        depth: usize,
    ) -> Result<(ByteOrder, Code)> {
        let (order, code) = begin_geometry(cursor, outer, depth)?;
        if is_curved(code.kind) {
            return Err(GeoJsonError::Curve(code.kind.name()));
        }
        if code.m && !self.options.drop_measures {
            return Err(GeoJsonError::Measures);
        }
        Ok((order, code))
    }

    fn coordinates(
        &mut self,
        cursor: &mut Cursor<'_>,
        order: ByteOrder,
        code: Code,
        depth: usize,
    ) -> Result<()> {
        match code.kind.body() {
            Body::Position => {
                let bytes = cursor.take(code.position_size())?;
                if is_empty_point(order, code, bytes) {
                    self.text("[]");
                } else {
                    self.position(order, code, bytes);
                }
                Ok(())
            }
            Body::Positions => {
                let bytes = take_positions(cursor, order, code)?;
                self.line(order, code, bytes, false);
                Ok(())
            }
            Body::Rings => self.rings(cursor, order, code),
            Body::Parts => self.parts(cursor, order, |writer, cursor| {
                let (order, part) = writer.begin(cursor, Some(code.kind), depth + 1)?;
                // A position has at least two numbers, so a multi-point has no form with an empty point in it.
                if part.kind == GeometryKind::Point
                    && is_empty_point(order, part, peek(cursor, part.position_size())?)
                {
                    cursor.take(part.position_size())?;
                    return Ok(false);
                }
                writer.coordinates(cursor, order, part, depth + 1).map(|()| true)
            }),
        }
    }

    /// A list of parts, of which `write` may leave some out.
    fn parts(
        &mut self,
        cursor: &mut Cursor<'_>,
        order: ByteOrder,
        mut write: impl FnMut(&mut Self, &mut Cursor<'_>) -> Result<bool>,
    ) -> Result<()> {
        let count = cursor.u32(order)?;
        self.out.push(b'[');
        let mut is_first = true;
        for _ in 0..count {
            let before = self.out.len();
            if !is_first {
                self.out.push(b',');
            }
            match write(self, cursor)? {
                true => is_first = false,
                false => self.out.truncate(before),
            }
        }
        self.out.push(b']');
        Ok(())
    }

    fn rings(&mut self, cursor: &mut Cursor<'_>, order: ByteOrder, code: Code) -> Result<()> {
        let count = cursor.u32(order)?;
        self.out.push(b'[');
        for at in 0..count {
            if at > 0 {
                self.out.push(b',');
            }
            let bytes = take_positions(cursor, order, code)?;
            let area = doubled_area(positions(order, code, bytes));
            let is_clockwise = area < 0.0;
            let is_wrong = area != 0.0 && !area.is_nan() && (at == 0) == is_clockwise;
            self.line(order, code, bytes, is_wrong);
        }
        self.out.push(b']');
        Ok(())
    }

    /// A list of positions.
    fn line(&mut self, order: ByteOrder, code: Code, bytes: &[u8], reversed: bool) {
        self.out.push(b'[');
        let mut positions = bytes.chunks_exact(code.position_size());
        let mut is_first = true;
        while let Some(position) = if reversed { positions.next_back() } else { positions.next() } {
            if !is_first {
                self.out.push(b',');
            }
            is_first = false;
            self.position(order, code, position);
        }
        self.out.push(b']');
    }

    fn position(&mut self, order: ByteOrder, code: Code, bytes: &[u8]) {
        for (x, y, z) in positions(order, code, bytes) {
            let (first, second) = if self.options.swap_axes { (y, x) } else { (x, y) };
            self.out.push(b'[');
            write_number(first, self.out);
            self.out.push(b',');
            write_number(second, self.out);
            if let Some(z) = z {
                self.out.push(b',');
                write_number(z, self.out);
            }
            self.out.push(b']');
        }
    }

    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}

/// The name of the type that stands for it.
fn type_name(kind: GeometryKind) -> &'static str {
    match kind {
        GeometryKind::Point => "Point",
        GeometryKind::LineString => "LineString",
        GeometryKind::Polygon | GeometryKind::Triangle => "Polygon",
        GeometryKind::MultiPoint => "MultiPoint",
        GeometryKind::MultiLineString => "MultiLineString",
        GeometryKind::MultiPolygon | GeometryKind::PolyhedralSurface | GeometryKind::Tin => "MultiPolygon",
        _ => "GeometryCollection",
    }
}

fn take_positions<'a>(cursor: &mut Cursor<'a>, order: ByteOrder, code: Code) -> Result<&'a [u8]> {
    let count = cursor.u32(order)?;
    Ok(cursor.take_items(count, code.position_size())?)
}

fn peek<'a>(cursor: &Cursor<'a>, count: usize) -> Result<&'a [u8]> {
    Ok({ *cursor }.take(count)?)
}

/// An empty point is written as not-a-number twice.
fn is_empty_point(order: ByteOrder, code: Code, bytes: &[u8]) -> bool {
    positions(order, code, bytes).all(|(x, y, _)| x.is_nan() && y.is_nan())
}

/// Twice the area of a ring, positive if it is counterclockwise. Computed relative to the first position, so that
/// coordinates far from the origin lose no digits.
fn doubled_area(mut positions: impl Iterator<Item = Position>) -> f64 {
    let Some((x0, y0, _)) = positions.next() else { return 0.0 };
    let mut before = (0.0, 0.0);
    let mut area = 0.0;
    for (x, y, _) in positions {
        let here = (x - x0, y - y0);
        area += before.0 * here.1 - here.0 * before.1;
        before = here;
    }
    area
}
