use longhaul_geodata::{Crs, crs::arguments};

use crate::proj_string::{ProjString, spheroid};

/// A geodetic datum: what longitudes and latitudes refer to.
#[derive(Clone, Debug)]
pub(crate) struct Datum {
    /// Its name in well-known text, without ESRI's prefix `D_`.
    pub(crate) name: String,
    /// Its code of EPSG.
    code: Option<String>,
    ellipsoid: Option<(f64, f64)>,
    pub(crate) shift: Shift,
}

/// How a datum is connected with WGS 84.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shift {
    /// It is WGS 84, or was defined as equal to it; the difference is a metre or two.
    Equal,
    /// By three or seven parameters, those of PROJ's `towgs84`.
    Parameters(String),
    /// By a grid.
    Grid,
    Unknown,
}

/// The geographic systems of EPSG that have one datum each are mostly among these.
const GEOGRAPHIC_CODES: std::ops::RangeInclusive<u16> = 4001..=4999;

impl Datum {
    /// The datum of a system of which `geographic` is the path of keywords to its geographic system. If the definition
    /// does not name its datum, it has the name of the system.
    pub(crate) fn of(system: &Crs, geographic: &[&str], proj: &ProjString) -> Self {
        let wkt = &system.wkt;
        let path = |more: &[&'static str]| [geographic, more].concat();
        let name = arguments(wkt, &path(&["DATUM"])).and_then(|found| found.into_iter().next());
        let ellipsoid = spheroid(wkt, geographic);
        let towgs84 = arguments(wkt, &path(&["DATUM", "TOWGS84"])).map(|numbers| numbers.join(","));
        Self {
            name: name.map_or(system.identifier.clone(), |name| {
                name.strip_prefix("D_").unwrap_or(&name).to_owned()
            }),
            code: arguments(wkt, &path(&["DATUM", "AUTHORITY"])).and_then(|found| found.into_iter().nth(1)),
            shift: shift(proj, towgs84, ellipsoid),
            ellipsoid,
        }
    }

    /// The same with the shift that EPSG has for it, if the definition itself has none.
    pub(crate) fn completed(self, geographic_code: Option<u16>) -> Self {
        if matches!(self.shift, Shift::Parameters(_) | Shift::Grid) {
            return self;
        }
        let by_code = geographic_code.and_then(of_epsg).filter(|datum| datum.is_same(&self));
        let shift = by_code.or_else(|| by_name(&self)).map(|datum| datum.shift);
        Self { shift: shift.unwrap_or(self.shift), ..self }
    }

    /// Whether no shift lies between the two.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same_ellipsoid = match (self.ellipsoid, other.ellipsoid) {
            (Some((a, rf)), Some((other_a, other_rf))) => {
                (a - other_a).abs() < 0.001 && (rf - other_rf).abs() < 1e-6
            }
            (None, None) => true,
            _ => false,
        };
        let same_code = self.code.is_some() && self.code == other.code;
        let same_name = !self.name.is_empty() && self.name.eq_ignore_ascii_case(&other.name);
        same_ellipsoid && (same_code || same_name)
    }
}

fn shift(proj: &ProjString, towgs84: Option<String>, ellipsoid: Option<(f64, f64)>) -> Shift {
    let is_modern = ellipsoid.is_none_or(is_like_wgs84);
    let towgs84 = towgs84.or_else(|| proj.get("towgs84").map(str::to_owned));
    match (towgs84, proj.get("nadgrids"), proj.get("datum")) {
        (Some(parameters), _, _) if is_zero(&parameters) && is_modern => Shift::Equal,
        // Where a grid is more exact, parameters are there all the same.
        (Some(parameters), _, _) => Shift::Parameters(parameters),
        (None, Some(grid), _) if grid != "@null" => Shift::Grid,
        (None, _, Some("NAD27")) => Shift::Grid,
        (None, _, Some("WGS84" | "NAD83")) => Shift::Equal,
        // The datums of today (ITRF and the systems fixed to a continent) are on these ellipsoids.
        (None, _, _) if ellipsoid.is_some_and(is_like_wgs84) => Shift::Equal,
        _ => Shift::Unknown,
    }
}

fn is_zero(towgs84: &str) -> bool {
    towgs84.split(',').all(|number| number.trim().parse() == Ok(0.0))
}

/// Whether it is the ellipsoid of WGS 84 or of GRS 1980.
fn is_like_wgs84((a, rf): (f64, f64)) -> bool {
    (a - 6_378_137.0).abs() < 0.001 && (rf - 298.257_223_563).abs() < 1e-5
}

/// The datum of a geographic system of EPSG.
fn of_epsg(code: u16) -> Option<Datum> {
    let definition = crs_definitions::from_code(code)?;
    let crs = Crs { identifier: format!("EPSG:{code}"), wkt: definition.wkt.to_owned() };
    let is_geographic = crs.wkt.starts_with("GEOGCS[");
    is_geographic.then(|| Datum::of(&crs, &["GEOGCS"], &ProjString::parse(definition.proj4)))
}

fn by_name(datum: &Datum) -> Option<Datum> {
    let element = format!("DATUM[\"{}\"", datum.name);
    let mut named = GEOGRAPHIC_CODES.filter(|&code| {
        crs_definitions::from_code(code).is_some_and(|definition| definition.wkt.contains(&element))
    });
    named.find_map(|code| of_epsg(code).filter(|found| found.is_same(datum)))
}
