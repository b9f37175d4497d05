//! Ways as the outlines of areas.

use std::borrow::Cow;

use crate::Position;

/// The fewest positions of a ring, its first one counted twice.
const MIN_POSITIONS: usize = 4;

/// The ring along a line: closed, if need be by going back to where it began, and counterclockwise, as
/// [Simple Features](https://www.ogc.org/standards/sfa/) want the outer ring of a polygon. It begins where the line begins.
/// Nothing if it goes through fewer than three places.
///
/// `line` never stays at one place. Whether the ring crosses itself is not looked at.
pub(super) fn from_linestring(line: &[Position]) -> Option<Cow<'_, [Position]>> {
    let is_closed = line.first() == line.last();
    if line.len() + usize::from(!is_closed) < MIN_POSITIONS {
        return None;
    }
    let mut ring = Cow::Borrowed(line);
    if !is_closed {
        ring.to_mut().push(line[0]);
    }
    if signed_double_area(&ring) < 0 {
        ring.to_mut().reverse();
    }
    Some(ring)
}

/// Positive if the ring runs counterclockwise. Exact: a term is below 2⁶⁶, and nobody has 2⁶⁰ positions.
fn signed_double_area(ring: &[Position]) -> i128 {
    let terms = ring.windows(2).map(|pair| {
        let [(x1, y1), (x2, y2)] = [pair[0], pair[1]].map(|at| (i128::from(at.lon), i128::from(at.lat)));
        x1 * y2 - x2 * y1
    });
    terms.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(positions: &[(i32, i32)]) -> Vec<Position> {
        positions.iter().map(|&(lon, lat)| Position { lon, lat }).collect()
    }

    fn ring(positions: &[(i32, i32)]) -> Option<Vec<(i32, i32)>> {
        from_linestring(&line(positions)).map(|ring| ring.iter().map(|at| (at.lon, at.lat)).collect())
    }

    #[test]
    fn a_ring_is_closed_and_runs_counterclockwise_from_where_the_way_begins() {
        let square = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)];
        assert_eq!(ring(&square).unwrap(), square);
        assert_eq!(ring(&square[..4]).unwrap(), square, "an open way is closed");
        assert_eq!(
            ring(&[(0, 0), (0, 1), (1, 1), (1, 0), (0, 0)]).unwrap(),
            square,
            "a clockwise one is turned"
        );
        let edge = i32::MAX;
        let far = [(edge, edge), (-edge, edge), (-edge, -edge), (edge, edge)];
        assert_eq!(ring(&far).unwrap(), far);
    }

    #[test]
    fn what_goes_through_fewer_than_three_places_is_no_ring() {
        for short in [&[(0, 0), (1, 1)][..], &[(0, 0), (1, 1), (0, 0)]] {
            assert_eq!(ring(short), None, "{short:?}");
        }
        assert!(ring(&[(0, 0), (1, 1), (2, 0)]).is_some());
    }
}
