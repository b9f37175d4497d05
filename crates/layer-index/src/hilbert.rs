//! Positions along a Hilbert curve.

use longhaul_geodata::geometry::Extent;

/// Bits of each coordinate.
const BITS: u32 = 16;

/// How far along the curve through `all` the centre of `extent` is.
pub(crate) fn value(extent: &Extent, all: &Extent) -> u32 {
    let x = cell(extent.min_x, extent.max_x, all.min_x, all.max_x);
    let y = cell(extent.min_y, extent.max_y, all.min_y, all.max_y);
    distance(x, y)
}

/// The cell of a range's middle, of 65,536 cells over the whole. Halves are subtracted, so that nothing overflows.
fn cell(min: f64, max: f64, all_min: f64, all_max: f64) -> u32 {
    let width = all_max / 2.0 - all_min / 2.0;
    let middle = (min / 2.0 + max / 2.0) / 2.0 - all_min / 2.0;
    if width > 0.0 { (f64::from((1 << BITS) - 1) * (middle / width)) as u32 & 0xffff } else { 0 }
}

/// The curve of order 16: in each step the quadrant is looked up, and the square is turned as the curve in that quadrant is.
fn distance(mut x: u32, mut y: u32) -> u32 {
    let mut distance = 0;
    for bit in (0..BITS).rev() {
        let side = 1 << bit;
        let (right, up) = (x >> bit & 1, y >> bit & 1);
        distance += side * side * ((3 * right) ^ up);
        if up == 0 {
            if right == 1 {
                (x, y) = ((side - 1) ^ (x & (side - 1)), (side - 1) ^ (y & (side - 1)));
            }
            (x, y) = (y, x);
        }
        (x, y) = (x & (side - 1), y & (side - 1));
    }
    distance
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn the_curve_visits_neighbouring_cells_one_after_the_other() {
        // The cells of a corner, whose distances along the curve are the first ones.
        let cells: HashMap<u32, (i64, i64)> = (0..64)
            .flat_map(|x| (0..64).map(move |y| (distance(x, y), (i64::from(x), i64::from(y)))))
            .collect();
        assert_eq!(cells.len(), 64 * 64);
        for at in 1..64 * 64 {
            let ((x0, y0), (x1, y1)) = (cells[&(at - 1)], cells[&at]);
            assert_eq!((x0 - x1).abs() + (y0 - y1).abs(), 1, "step {at}");
        }
    }

    #[test]
    fn any_extent_has_a_value() {
        let huge = Extent { min_x: f64::MIN, min_y: 0.0, max_x: f64::MAX, max_y: 0.0 };
        assert_eq!(value(&Extent::of_point(f64::MIN, 0.0), &huge), 0);
        value(&Extent::of_point(f64::MAX, 0.0), &huge);
        value(&huge, &huge);
    }
}
