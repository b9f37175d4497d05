//! The parts of a geometry in the whole units of a tile.

use longhaul_geodata::geometry::{Extent, GeometryTypeCode, GeometryVisitor, Positions};

use super::{
    TILE_UNITS,
    clip::{self, Point},
    commands::area,
};

/// A position in the units of a tile, y down.
pub(super) type Position = (i32, i32);

/// An outer ring, and holes. The first position of a ring is not repeated.
#[derive(Debug, Default)]
pub(super) struct Polygon {
    pub(super) rings: Vec<Vec<Position>>,
}

/// Collects what is inside of a tile.
pub(super) struct Shapes {
    bounds: Extent,
    pub(super) points: Vec<Position>,
    pub(super) lines: Vec<Vec<Position>>,
    pub(super) polygons: Vec<Polygon>,
    /// The geometries that have begun.
    open: Vec<Open>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Open {
    Point,
    Line,
    /// A polygon, and how many of its rings have come.
    Polygon(usize),
    /// Something with parts.
    Parts,
}

impl Shapes {
    pub(super) fn new(bounds: Extent) -> Self {
        Self { bounds, points: Vec::new(), lines: Vec::new(), polygons: Vec::new(), open: Vec::new() }
    }

    fn in_units(&self, (x, y): (f64, f64)) -> Point {
        let Extent { min_x, min_y, max_x, max_y } = self.bounds;
        ((x - min_x) / (max_x - min_x) * TILE_UNITS, (max_y - y) / (max_y - min_y) * TILE_UNITS)
    }

    fn add_point(&mut self, position: (f64, f64)) {
        let point = self.in_units(position);
        if clip::is_inside(point) {
            self.points.push(rounded(point));
        }
    }

    fn add_line(&mut self, positions: impl Iterator<Item = (f64, f64)>) {
        let points: Vec<_> = positions.map(|position| self.in_units(position)).collect();
        if points.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
            return;
        }
        for part in clip::line(&points) {
            let mut line = without_repetition(part.into_iter().map(rounded));
            if let [only] = line[..] {
                line.push((only.0 + 1, only.1));
            }
            self.lines.push(line);
        }
    }

    /// Adds an outer ring, which begins a polygon, or a hole of the last polygon.
    pub(super) fn add_ring(&mut self, positions: impl Iterator<Item = (f64, f64)>, is_outer: bool) {
        let points: Vec<_> = positions.map(|position| self.in_units(position)).collect();
        if points.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
            return;
        }
        let clipped = clip::ring(points);
        let mut ring = without_repetition(clipped.iter().copied().map(rounded));
        if ring.len() > 1 && ring.first() == ring.last() {
            ring.pop();
        }
        let has_area = ring.len() >= 3 && area(&ring) != 0;
        match (is_outer, has_area, ring.first().copied()) {
            (true, true, _) => self.polygons.push(Polygon { rings: vec![ring] }),
            // Smaller than a unit, but there.
            (true, false, Some((x, y))) => {
                self.polygons.push(Polygon { rings: vec![vec![(x, y), (x + 1, y), (x, y + 1)]] });
            }
            // Its holes are dropped, too.
            (true, false, None) => self.polygons.push(Polygon::default()),
            (false, true, _) => {
                let outer = self.polygons.last_mut().filter(|polygon| !polygon.rings.is_empty());
                outer.into_iter().for_each(|polygon| polygon.rings.push(ring.clone()));
            }
            (false, false, _) => {}
        }
    }
}

fn rounded((x, y): Point) -> Position {
    (x.round() as i32, y.round() as i32)
}

fn without_repetition(positions: impl Iterator<Item = Position>) -> Vec<Position> {
    let mut kept: Vec<Position> = positions.collect();
    kept.dedup();
    kept
}

impl GeometryVisitor for Shapes {
    fn begin(&mut self, code: GeometryTypeCode, _: usize) {
        self.open.push(match code.geometry_type().name.as_str() {
            "POINT" => Open::Point,
            "LINESTRING" | "CIRCULARSTRING" => Open::Line,
            "POLYGON" | "TRIANGLE" => Open::Polygon(0),
            _ => Open::Parts,
        });
    }

    fn positions(&mut self, positions: Positions<'_>) {
        let is_empty = positions.is_empty() || positions.is_empty_point();
        let open = self.open.last().copied();
        if let Some(Open::Polygon(rings)) = self.open.last_mut() {
            *rings += 1;
        }
        if is_empty {
            return;
        }
        let mut pairs = positions.iter().map(|mut numbers| {
            let x = numbers.next().unwrap_or(f64::NAN);
            (x, numbers.next().unwrap_or(f64::NAN))
        });
        match open {
            Some(Open::Point) => pairs.by_ref().take(1).for_each(|position| self.add_point(position)),
            Some(Open::Line) => self.add_line(pairs),
            Some(Open::Polygon(rings)) => self.add_ring(pairs, rings == 0),
            Some(Open::Parts) | None => {}
        }
    }

    fn end(&mut self) {
        self.open.pop();
    }
}
