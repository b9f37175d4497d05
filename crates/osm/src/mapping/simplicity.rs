//! Finds rings that cross or touch themselves, which are not valid polygons.

use crate::Position;

/// The longest ring that is checked. Ways of OpenStreetMap have at most 2,000 nodes, and the work can grow with the
/// square of the number.
const MAX_SEGMENTS: usize = 2_500;

/// Whether a ring crosses itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RingSimplicity {
    Simple,
    /// Two of its segments share more than the end of the one that is the beginning of the other.
    Crossing,
    /// It has too many segments to be checked.
    Unknown,
}

/// One side of a ring, from west to east.
#[derive(Clone, Copy)]
struct Segment {
    index: usize,
    start: Position,
    end: Position,
}

/// Whether a ring crosses itself. Its last position equals the first, and no position equals the next.
pub(super) fn of_ring(ring: &[Position]) -> RingSimplicity {
    let count = ring.len().saturating_sub(1);
    if count > MAX_SEGMENTS {
        return RingSimplicity::Unknown;
    }
    let mut segments: Vec<Segment> =
        ring.windows(2).enumerate().map(|(index, ends)| Segment::new(index, ends)).collect();
    segments.sort_unstable_by_key(|segment| segment.start.lon);
    // Only segments that overlap from west to east are compared.
    let mut active: Vec<Segment> = Vec::new();
    for segment in segments {
        active.retain(|other| other.end.lon >= segment.start.lon);
        if active.iter().any(|other| segment.crosses(other, count)) {
            return RingSimplicity::Crossing;
        }
        active.push(segment);
    }
    RingSimplicity::Simple
}

impl Segment {
    fn new(index: usize, ends: &[Position]) -> Self {
        let (start, end) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        Self { index, start, end }
    }

    /// Whether the segments of a ring of `count` segments share more than they must as neighbours.
    fn crosses(&self, other: &Self, count: usize) -> bool {
        let (first, second) = (self.index.min(other.index), self.index.max(other.index));
        let are_neighbours = second - first == 1 || (first == 0 && second == count - 1);
        match are_neighbours {
            false => self.meets(other),
            // Neighbours share one end. They overlap if the far end of one of them lies on the other.
            true => {
                let shared =
                    [self.start, self.end].into_iter().find(|at| [other.start, other.end].contains(at));
                let far =
                    |segment: &Self| if Some(segment.start) == shared { segment.end } else { segment.start };
                self.contains(far(other)) || other.contains(far(self))
            }
        }
    }

    /// Whether the segments have a point in common.
    fn meets(&self, other: &Self) -> bool {
        let sides = |segment: &Self, of: &Self| {
            [side(segment.start, segment.end, of.start), side(segment.start, segment.end, of.end)]
        };
        let ([a, b], [c, d]) = (sides(self, other), sides(other, self));
        (a * b < 0 && c * d < 0)
            || self.contains(other.start)
            || self.contains(other.end)
            || other.contains(self.start)
            || other.contains(self.end)
    }

    /// Whether a position lies on the segment.
    fn contains(&self, at: Position) -> bool {
        let (south, north) = (self.start.lat.min(self.end.lat), self.start.lat.max(self.end.lat));
        (self.start.lon..=self.end.lon).contains(&at.lon)
            && (south..=north).contains(&at.lat)
            && side(self.start, self.end, at) == 0
    }
}

/// On which side of the line from `a` to `b` a position lies: 1 or -1, or 0 if it lies on the line.
fn side(a: Position, b: Position, at: Position) -> i128 {
    let difference =
        |to: Position| (i128::from(to.lon) - i128::from(a.lon), i128::from(to.lat) - i128::from(a.lat));
    let ((x1, y1), (x2, y2)) = (difference(b), difference(at));
    (x1 * y2 - x2 * y1).signum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn simplicity(positions: &[(i32, i32)]) -> RingSimplicity {
        let ring: Vec<_> = positions.iter().map(|&(lon, lat)| Position { lon, lat }).collect();
        of_ring(&ring)
    }

    #[test]
    fn rings_that_cross_or_touch_themselves_are_found() {
        let edge = 1_800_000_000;
        for simple in [
            &[(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)][..],
            &[(0, 0), (5, 0), (2, 1), (5, 5), (0, 0)],
            &[(0, 0), (0, 1), (0, 2), (1, 1), (0, 0)],
            &[(-edge, -900), (edge, -900), (edge, 900), (-edge, 900), (-edge, -900)],
        ] {
            assert_eq!(simplicity(simple), RingSimplicity::Simple, "{simple:?}");
        }
        for (crossing, what) in [
            (&[(0, 0), (1, 1), (1, 0), (0, 1), (0, 0)][..], "a bow tie"),
            (&[(0, 0), (2, 0), (0, 0), (0, 2), (0, 0)], "there and back"),
            (&[(0, 0), (4, 0), (4, 4), (2, 0), (0, 4), (0, 0)], "touches a side"),
            (&[(0, 0), (2, 0), (2, 2), (0, 0), (-2, 0), (-2, -2), (0, 0)], "touches in a corner"),
            (&[(0, 0), (3, 0), (1, 0), (1, 1), (0, 0)], "runs back along a side"),
            (&[(-edge, -900), (edge, 900), (edge, -900), (-edge, 900), (-edge, -900)], "a large bow tie"),
        ] {
            assert_eq!(simplicity(crossing), RingSimplicity::Crossing, "{what}");
        }
    }

    #[test]
    fn a_ring_with_too_many_segments_is_not_checked() {
        let ring: Vec<_> = (0..=3000).map(|at| (at % 3000, (at % 3000) * (at % 3000))).collect();
        assert_eq!(simplicity(&ring), RingSimplicity::Unknown);
    }

    proptest! {
        /// A polygon whose corners stand around a centre in order of their angles never crosses itself.
        #[test]
        fn a_star_is_simple_in_any_rotation(radii in prop::collection::vec(10..1000_i32, 3..60), turn in 0..60_usize) {
            let step = std::f64::consts::TAU / radii.len() as f64;
            let mut ring: Vec<_> = radii.iter().enumerate().map(|(at, radius)| {
                let (sin, cos) = (at as f64 * step).sin_cos();
                ((cos * 1e5 * f64::from(*radius)) as i32, (sin * 1e5 * f64::from(*radius)) as i32)
            }).collect();
            let count = ring.len();
            ring.rotate_left(turn % count);
            ring.push(ring[0]);
            prop_assert_eq!(simplicity(&ring), RingSimplicity::Simple);
        }

        #[test]
        fn the_result_is_that_of_comparing_all_segments(
            corners in prop::collection::vec((0..12_i32, 0..12_i32), 3..8),
        ) {
            let mut ring: Vec<_> = corners.iter().map(|&(lon, lat)| Position { lon, lat }).collect();
            ring.push(ring[0]);
            ring.dedup();
            let segments: Vec<_> = ring.windows(2).enumerate().map(|(index, ends)| Segment::new(index, ends)).collect();
            let crosses = |a: usize| segments[..a].iter().any(|other| segments[a].crosses(other, segments.len()));
            let expected = if (0..segments.len()).any(crosses) { RingSimplicity::Crossing } else { RingSimplicity::Simple };
            prop_assert_eq!(of_ring(&ring), expected);
        }
    }
}
