//! Positions along a Hilbert curve, by which boxes that lie near each other are brought together.

use crate::geometry::Extent;

/// The bits of each coordinate.
const BITS: u32 = 16;

/// The position along the curve through `extent` of the point nearest to (x, y).
pub fn position(x: f64, y: f64, extent: &Extent) -> u32 {
    let steps = |value: f64, min: f64, max: f64| {
        let part = (value - min) / (max - min);
        // A value that is no number becomes 0.
        (part * f64::from((1_u32 << BITS) - 1)).clamp(0.0, 65535.0) as u32
    };
    distance(steps(x, extent.min_x, extent.max_x), steps(y, extent.min_y, extent.max_y))
}

/// The distance from the curve's beginning, from the highest bits of the coordinates to the lowest.
fn distance(mut x: u32, mut y: u32) -> u32 {
    let mut distance = 0;
    for bit in (0..BITS).rev() {
        let (right, up) = (x >> bit & 1, y >> bit & 1);
        distance = distance << 2 | ((3 * right) ^ up);
        // The curve in the lower quadrants is turned.
        if up == 0 {
            if right == 1 {
                (x, y) = (!x, !y);
            }
            std::mem::swap(&mut x, &mut y);
        }
    }
    distance
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn neighbours_on_the_curve_are_neighbours_in_the_plane() {
        let side = 64;
        let mut all: Vec<(u32, i32, i32)> =
            (0..side).flat_map(|x| (0..side).map(move |y| (distance(x as u32, y as u32), x, y))).collect();
        all.sort_unstable();
        let distances: HashSet<u32> = all.iter().map(|(distance, ..)| *distance).collect();
        assert_eq!(distances.len(), all.len());
        assert!(
            all.windows(2).all(|pair| (pair[0].1 - pair[1].1).abs() + (pair[0].2 - pair[1].2).abs() == 1)
        );
    }

    #[test]
    fn an_extent_without_width_and_what_is_no_number_have_a_position() {
        let point = Extent::of_point(1.0, 1.0);
        assert_eq!(position(1.0, 1.0, &point), 0);
        assert_eq!(
            position(f64::NAN, f64::INFINITY, &Extent { max_x: 2.0, max_y: 2.0, ..point }),
            distance(0, 65535)
        );
    }
}
