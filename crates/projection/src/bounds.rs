use crate::Transformation;

/// How many positions of each edge are transformed, as in PROJ.
const PER_EDGE: u32 = 21;

/// A box, in the units and the order of stored coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The least x.
    pub min_x: f64,
    /// The least y.
    pub min_y: f64,
    /// The greatest x.
    pub max_x: f64,
    /// The greatest y.
    pub max_y: f64,
}

impl Bounds {
    fn contains(&self, (x, y): (f64, f64)) -> bool {
        (self.min_x..=self.max_x).contains(&x) && (self.min_y..=self.max_y).contains(&y)
    }

    fn of(mut positions: impl Iterator<Item = (f64, f64)>) -> Option<Self> {
        let (x, y) = positions.next()?;
        let first = Self { min_x: x, min_y: y, max_x: x, max_y: y };
        Some(positions.fold(first, |all, (x, y)| Self {
            min_x: all.min_x.min(x),
            min_y: all.min_y.min(y),
            max_x: all.max_x.max(x),
            max_y: all.max_y.max(y),
        }))
    }

    /// Positions on the edges and, for boxes in which an outline may fold, on a grid inside.
    fn positions(self) -> impl Iterator<Item = (f64, f64)> {
        let at =
            |min: f64, max: f64, step: u32| min + (max - min) * f64::from(step) / f64::from(PER_EDGE - 1);
        (0..PER_EDGE).flat_map(move |column| {
            (0..PER_EDGE)
                .map(move |row| (at(self.min_x, self.max_x, column), at(self.min_y, self.max_y, row)))
        })
    }
}

/// The box around what `bounds` holds.
pub(crate) fn transform(transformation: &Transformation, bounds: Bounds) -> Option<Bounds> {
    let moved = bounds.positions().filter_map(|(x, y)| transformation.position(x, y).ok());
    let around = Bounds::of(moved)?;
    Some(if transformation.target().is_geographic() {
        with_poles(transformation, bounds, around)
    } else {
        around
    })
}

/// Around a pole, all longitudes and the pole itself are in the box, although they are at none of its edges.
fn with_poles(transformation: &Transformation, bounds: Bounds, around: Bounds) -> Bounds {
    let Some(inverse) = transformation.inverse() else { return around };
    let angle = transformation.target().angle.unwrap_or(1.0);
    let [quarter, half] = [std::f64::consts::FRAC_PI_2 / angle, std::f64::consts::PI / angle];
    let holds = |latitude| inverse.position(0.0, latitude).is_ok_and(|pole| bounds.contains(pole));
    [(-quarter, holds(-quarter)), (quarter, holds(quarter))].into_iter().filter(|(_, holds)| *holds).fold(
        around,
        |all, (latitude, _)| Bounds {
            min_x: -half,
            max_x: half,
            min_y: all.min_y.min(latitude),
            max_y: all.max_y.max(latitude),
        },
    )
}
