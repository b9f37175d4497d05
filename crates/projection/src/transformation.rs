use proj4rs::{Proj, transform::transform};

use longhaul_geodata::geometry::map_positions;

use crate::{
    Bounds, DatumShift, ProjectionError, System, bounds,
    datum::{Datum, Shift},
};

/// Transforms coordinates from one system to another. x and y are easting and northing, or longitude and latitude, in
/// the units of the systems; heights and measures stay as they are.
///
/// Nothing is cut at the antimeridian, and lines stay straight between their positions.
pub struct Transformation {
    from: System,
    to: System,
    shift: DatumShift,
    /// None if the coordinates are the same in both systems.
    projs: Option<(Proj, Proj)>,
}

/// Shifts between two datums that are more exact than the way through WGS 84: from and to by their codes, and
/// `towgs84`. This is EPSG's transformation 8048.
const DIRECT: [(&str, &str, &str); 1] = [(
    "Geocentric_Datum_of_Australia_1994",
    "Geocentric_Datum_of_Australia_2020",
    "0.06155,-0.01087,-0.04019,0.0394924,0.0327221,0.0328979,-0.009994",
)];

const NO_SHIFT: &str = "+towgs84=0,0,0";

impl Transformation {
    /// # Errors
    /// If the datum of one system is connected with the other by a grid, or in a way that is not known here.
    pub fn new(from: &System, to: &System) -> Result<Self, ProjectionError> {
        for system in [from, to] {
            let name = || system.crs().identifier.clone();
            match system.datum.shift {
                _ if from.datum.is_same(&to.datum) => {}
                Shift::Grid => return Err(ProjectionError::NeedsGrid(name())),
                Shift::Unknown => return Err(ProjectionError::UnknownShift(name())),
                Shift::Equal | Shift::Parameters(_) => {}
            }
        }
        Self::approximate(from, to)
    }

    /// Like [`Transformation::new`], but takes datums as equal whose shift is not known or needs a grid.
    /// [`Transformation::shift`] says so.
    ///
    /// # Errors
    /// If a projection is not implemented in this direction.
    pub fn approximate(from: &System, to: &System) -> Result<Self, ProjectionError> {
        let (shift, [from_datum, to_datum]) = shift(&from.datum, &to.datum);
        let same_coordinates = matches!(shift, DatumShift::SameDatum(_))
            && from.projection == to.projection
            && from.angle == to.angle;
        let projs = match same_coordinates {
            true => None,
            false => Some((from.proj(&from_datum)?, to.proj(&to_datum)?)),
        };
        if let Some((from_proj, to_proj)) = &projs {
            require(from_proj.has_inverse(), from)?;
            require(to_proj.has_forward(), to)?;
        }
        Ok(Self { from: from.clone(), to: to.clone(), shift, projs })
    }

    /// The datum shift that is applied.
    pub fn shift(&self) -> &DatumShift {
        &self.shift
    }

    /// The system that coordinates are transformed from.
    pub fn source(&self) -> &System {
        &self.from
    }

    /// The system that coordinates are transformed to.
    pub fn target(&self) -> &System {
        &self.to
    }

    /// Whether coordinates are the same in both systems.
    pub fn is_identity(&self) -> bool {
        self.projs.is_none()
    }

    /// Transforms one position.
    ///
    /// # Errors
    /// [`ProjectionError::Outside`] if the target cannot express it, for example a pole in Web Mercator.
    pub fn position(&self, x: f64, y: f64) -> Result<(f64, f64), ProjectionError> {
        let mut positions = [(x, y)];
        self.positions(&mut positions)?;
        Ok(positions[0])
    }

    /// Transforms all positions, or none of them reliably.
    ///
    /// # Errors
    /// [`ProjectionError::Outside`] for the first position that the target cannot express.
    pub fn positions(&self, positions: &mut [(f64, f64)]) -> Result<(), ProjectionError> {
        let Some((from, to)) = &self.projs else { return Ok(()) };
        for position in positions {
            let (x, y) = *position;
            let angle = self.from.angle.unwrap_or(1.0);
            let mut moved = (x * angle, y * angle, 0.0);
            let is_moved = transform(from, to, &mut moved).is_ok();
            let angle = self.to.angle.unwrap_or(1.0);
            *position = (moved.0 / angle, moved.1 / angle);
            if !is_moved || !position.0.is_finite() || !position.1.is_finite() {
                return Err(self.outside(x, y));
            }
        }
        Ok(())
    }

    /// Appends the stored form of a geometry in the target system: type, heights and measures stay, the envelope is
    /// computed. Of arcs, the positions that define them are transformed.
    ///
    /// # Errors
    /// [`ProjectionError::Outside`] if one position cannot be expressed: there is no part of a geometry. What exports
    /// then write is null, and they count that. [`ProjectionError::Geometry`] if `stored` does not decode.
    pub fn geometry(&self, stored: &[u8], out: &mut Vec<u8>) -> Result<(), ProjectionError> {
        map_positions(stored, |positions| self.positions(positions), out)
    }

    /// A box that holds everything in `bounds`, in the target system; none if nothing of its edges can be expressed.
    /// It may be larger than needed, above all across the antimeridian.
    pub fn bounds(&self, bounds: Bounds) -> Option<Bounds> {
        if self.is_identity() { Some(bounds) } else { bounds::transform(self, bounds) }
    }

    /// The same in the other direction.
    pub(crate) fn inverse(&self) -> Option<Self> {
        Self::approximate(&self.to, &self.from).ok()
    }

    fn outside(&self, x: f64, y: f64) -> ProjectionError {
        let [from, to] = [&self.from, &self.to].map(|system| system.crs().identifier.clone());
        ProjectionError::Outside { x, y, from, to }
    }
}

fn require(is_implemented: bool, system: &System) -> Result<(), ProjectionError> {
    let unsupported = || ProjectionError::Unsupported {
        name: system.crs().identifier.clone(),
        why: "its projection is not implemented in this direction".to_owned(),
    };
    if is_implemented { Ok(()) } else { Err(unsupported()) }
}

/// The shift between two datums, and the parameters of both for PROJ.
fn shift(from: &Datum, to: &Datum) -> (DatumShift, [String; 2]) {
    let none = || [NO_SHIFT.to_owned(), NO_SHIFT.to_owned()];
    if from.is_same(to) {
        return (DatumShift::SameDatum(from.name.clone()), none());
    }
    if let Some(direct) = direct(from, to) {
        return direct;
    }
    let names = || (from.name.clone(), to.name.clone());
    match (&from.shift, &to.shift) {
        (Shift::Grid | Shift::Unknown, _) | (_, Shift::Grid | Shift::Unknown) => {
            let (from, to) = names();
            // Without parameters PROJ keeps longitude and latitude.
            (DatumShift::NotKnown(from, to), [String::new(), String::new()])
        }
        (Shift::Equal, Shift::Equal) => {
            let (from, to) = names();
            (DatumShift::TakenAsEqual(from, to), none())
        }
        _ => {
            let applied = [from, to].into_iter().filter_map(|datum| match &datum.shift {
                Shift::Parameters(parameters) => Some((datum.name.clone(), parameters.clone())),
                _ => None,
            });
            (DatumShift::Parameters(applied.collect()), [from, to].map(parameters))
        }
    }
}

fn parameters(datum: &Datum) -> String {
    match &datum.shift {
        Shift::Parameters(parameters) => format!("+towgs84={parameters}"),
        _ => NO_SHIFT.to_owned(),
    }
}

fn direct(from: &Datum, to: &Datum) -> Option<(DatumShift, [String; 2])> {
    DIRECT.iter().find_map(|&(one, other, parameters)| {
        let towgs84 = format!("+towgs84={parameters}");
        let shift = || DatumShift::Parameters(vec![(format!("{one} to {other}"), parameters.to_owned())]);
        if from.name == one && to.name == other {
            return Some((shift(), [towgs84, NO_SHIFT.to_owned()]));
        }
        (from.name == other && to.name == one).then(|| (shift(), [NO_SHIFT.to_owned(), towgs84]))
    })
}
