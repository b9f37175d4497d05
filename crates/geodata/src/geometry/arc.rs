//! The extent of an arc beyond the points that define it.

type Point = (f64, f64);

/// The outermost points (right, top, left, bottom) of the circle through three points that lie on the arc from the
/// first through the second to the third. If first and third are the same, the arc is the whole circle and the
/// second is opposite, as in ISO 13249-3.
pub(super) fn extremes(from: Point, through: Point, to: Point) -> impl Iterator<Item = Point> {
    let circle = circle(from, through, to);
    circle.into_iter().flat_map(move |((x, y), radius)| {
        let outermost = [(x + radius, y), (x, y + radius), (x - radius, y), (x, y - radius)];
        outermost.into_iter().filter(move |point| is_on_arc(*point, from, through, to))
    })
}

/// Centre and radius; none for points on one line.
fn circle(from: Point, through: Point, to: Point) -> Option<(Point, f64)> {
    let centre = if from == to {
        (f64::midpoint(from.0, through.0), f64::midpoint(from.1, through.1))
    } else {
        circumcentre(from, through, to)
    };
    let radius = (from.0 - centre.0).hypot(from.1 - centre.1);
    (radius.is_finite() && radius > 0.0).then_some((centre, radius))
}

/// Computed relative to the first point, so that coordinates far from the origin lose no digits.
fn circumcentre(from: Point, through: Point, to: Point) -> Point {
    let (bx, by) = (through.0 - from.0, through.1 - from.1);
    let (cx, cy) = (to.0 - from.0, to.1 - from.1);
    let twice_area = 2.0 * (bx * cy - by * cx);
    let (b, c) = (bx * bx + by * by, cx * cx + cy * cy);
    (from.0 + (cy * b - by * c) / twice_area, from.1 + (bx * c - cx * b) / twice_area)
}

/// Whether a point of the circle lies on the arc: on the same side of the chord as the arc's middle.
fn is_on_arc(point: Point, from: Point, through: Point, to: Point) -> bool {
    from == to || side(point, from, to) * side(through, from, to) > 0.0
}

fn side(point: Point, from: Point, to: Point) -> f64 {
    (to.0 - from.0) * (point.1 - from.1) - (to.1 - from.1) * (point.0 - from.0)
}
