//! Converts linestrings to rings of polygons.

use std::borrow::Cow;

use crate::Position;

/// The ring along a linestring: closed, and counterclockwise as
/// [Simple Features](https://www.ogc.org/standards/sfa/) demand of the outer ring of a polygon. It begins where the
/// linestring begins. `None` if the linestring has fewer than three distinct positions.
///
/// The ring may cross itself; that is not checked here.
pub(super) fn from_linestring(line: &[Position]) -> Option<Cow<'_, [Position]>> {
    let is_closed = line.first() == line.last();
    if !has_three_distinct(line) {
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

fn has_three_distinct(line: &[Position]) -> bool {
    let Some(first) = line.first() else { return false };
    let Some(second) = line.iter().find(|at| *at != first) else { return false };
    line.iter().any(|at| at != first && at != second)
}

/// Twice the area by the shoelace formula, positive for a counterclockwise ring. It cannot overflow: each term is below 2⁶⁶,
/// and a ring has far fewer than 2⁶⁰ positions.
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
    fn a_ring_is_closed_and_counterclockwise_and_begins_where_the_way_begins() {
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
    fn fewer_than_three_distinct_positions_make_no_ring() {
        for short in [
            &[][..],
            &[(0, 0)],
            &[(0, 0), (1, 1)],
            &[(0, 0), (1, 1), (0, 0)],
            &[(0, 0), (1, 1), (0, 0), (1, 1)],
            &[(0, 0), (1, 1), (0, 0), (1, 1), (0, 0)],
        ] {
            assert_eq!(ring(short), None, "{short:?}");
        }
        assert!(ring(&[(0, 0), (1, 1), (2, 0)]).is_some());
    }
}
