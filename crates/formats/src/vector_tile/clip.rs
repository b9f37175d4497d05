//! Cuts lines and rings at the edges of a tile and its buffer.

use super::{TILE_BUFFER, TILE_UNITS};

/// A position in the units of a tile, y down.
pub(super) type Point = (f64, f64);

const MIN: f64 = -TILE_BUFFER;
const MAX: f64 = TILE_UNITS + TILE_BUFFER;

pub(super) fn is_inside((x, y): Point) -> bool {
    (MIN..=MAX).contains(&x) && (MIN..=MAX).contains(&y)
}

/// The parts of a line that are inside (Liang and Barsky).
pub(super) fn line(points: &[Point]) -> Vec<Vec<Point>> {
    let mut parts: Vec<Vec<Point>> = Vec::new();
    let mut is_open = false;
    for pair in points.windows(2) {
        let Some((start, end, is_cut)) = segment(pair[0], pair[1]) else {
            is_open = false;
            continue;
        };
        match parts.last_mut().filter(|_| is_open) {
            Some(part) => part.push(end),
            None => parts.push(vec![start, end]),
        }
        is_open = !is_cut;
    }
    parts
}

/// What of a segment is inside, and whether its end was cut off.
fn segment(a: Point, b: Point) -> Option<(Point, Point, bool)> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut start, mut end) = (0.0_f64, 1.0_f64);
    for (p, q) in [(-dx, a.0 - MIN), (dx, MAX - a.0), (-dy, a.1 - MIN), (dy, MAX - a.1)] {
        if p == 0.0 {
            if q < 0.0 {
                return None;
            }
        } else if p < 0.0 {
            start = start.max(q / p);
        } else {
            end = end.min(q / p);
        }
    }
    let at = |t: f64| (a.0 + t * dx, a.1 + t * dy);
    (start <= end)
        .then(|| (if start > 0.0 { at(start) } else { a }, if end < 1.0 { at(end) } else { b }, end < 1.0))
}

/// What of a ring is inside (Sutherland and Hodgman); parts may be connected along the edges.
pub(super) fn ring(points: Vec<Point>) -> Vec<Point> {
    if points.iter().all(|point| is_inside(*point)) {
        return points;
    }
    let points = cut(points, |p| p.0 - MIN);
    let points = cut(points, |p| MAX - p.0);
    let points = cut(points, |p| p.1 - MIN);
    cut(points, |p| MAX - p.1)
}

/// Keeps where `distance` from an edge is not negative.
fn cut(points: Vec<Point>, distance: impl Fn(Point) -> f64) -> Vec<Point> {
    let mut kept = Vec::with_capacity(points.len());
    let Some(mut previous) = points.last().copied() else { return kept };
    for point in points {
        let (before, now) = (distance(previous), distance(point));
        if (before < 0.0) != (now < 0.0) {
            let t = before / (before - now);
            kept.push((previous.0 + t * (point.0 - previous.0), previous.1 + t * (point.1 - previous.1)));
        }
        if now >= 0.0 {
            kept.push(point);
        }
        previous = point;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_leaves_and_comes_back_becomes_two() {
        let parts = line(&[(100.0, 100.0), (100.0, 9000.0), (200.0, 9000.0), (200.0, 100.0)]);
        assert_eq!(parts, [vec![(100.0, 100.0), (100.0, MAX)], vec![(200.0, MAX), (200.0, 100.0)]]);
        assert!(line(&[(-900.0, 0.0), (-900.0, 5000.0)]).is_empty());
        let through = line(&[(-1000.0, 50.0), (9000.0, 50.0)]);
        assert_eq!(through, [vec![(MIN, 50.0), (MAX, 50.0)]]);
        assert_eq!(line(&[(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)]), [vec![(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)]]);
    }

    #[test]
    fn a_ring_around_the_tile_becomes_the_tile() {
        let around = ring(vec![(-9e3, -9e3), (9e3, -9e3), (9e3, 9e3), (-9e3, 9e3)]);
        assert_eq!(around.len(), 4);
        assert!(around.iter().all(|point| [MIN, MAX].contains(&point.0) && [MIN, MAX].contains(&point.1)));
        assert!(ring(vec![(5e3, 5e3), (6e3, 5e3), (6e3, 6e3)]).is_empty());
    }
}
