use longhaul_geodata::{
    Crs,
    crs::{arguments, format_wkt},
};

use crate::{
    AxisOrder, ProjectionError, Reference, axis_order,
    datum::Datum,
    proj_string::{ProjString, spheroid},
};

/// The longest definition that is read, in bytes; the longest of EPSG has 3,000.
const LONGEST_DEFINITION: usize = 32 * 1024;
/// The deepest brackets that are read, since the parser is recursive.
const DEEPEST: usize = 32;

/// A coordinate reference system from and to which coordinates can be transformed.
///
/// Its coordinates are in the order in which they are stored: easting or longitude first.
#[derive(Clone, Debug)]
pub struct System {
    crs: Crs,
    axis_order: AxisOrder,
    /// Projection and ellipsoid, as parameters of PROJ.
    pub(crate) projection: String,
    /// How many radians a coordinate's unit is, if coordinates are angles.
    pub(crate) angle: Option<f64>,
    pub(crate) datum: Datum,
}

impl System {
    /// The system of a name.
    ///
    /// # Errors
    /// If it is not known here, or neither geographic nor projected.
    pub fn of(reference: Reference) -> Result<Self, ProjectionError> {
        let code = match reference {
            Reference::Crs84 => 4326,
            Reference::Epsg(code) => code,
        };
        let definition = crs_definitions::from_code(code);
        let definition = definition.ok_or_else(|| ProjectionError::Unknown(reference.to_string()))?;
        // The usual definition leaves the shift from other datums out, by a trick of PROJ 4.
        let proj4 = if code == 3857 { crs_definitions::EPSG_3857_WEBMERC.proj4 } else { definition.proj4 };
        let crs = Crs { identifier: reference.to_string(), wkt: format_wkt(definition.wkt) };
        let system = Self::new(crs, &ProjString::parse(proj4))?;
        let axis_order = match reference {
            Reference::Crs84 => AxisOrder::EastNorth,
            Reference::Epsg(code) => axis_order::of_epsg(code, definition.wkt),
        };
        Ok(Self { axis_order, ..system })
    }

    /// The system that a layer is stored in. If its identifier is a code of EPSG that is known here, EPSG's definition
    /// is used, because it says how its datum is connected with others; otherwise its own.
    ///
    /// # Errors
    /// If its definition cannot be read, or its projection is not implemented.
    pub fn stored(crs: &Crs) -> Result<Self, ProjectionError> {
        let known = crs.identifier.parse().ok().map(Self::of);
        if let Some(Ok(system)) = known {
            return Ok(Self { crs: crs.clone(), ..system });
        }
        let unsupported = |why: String| ProjectionError::Unsupported { name: crs.identifier.clone(), why };
        check_size(&crs.wkt).map_err(|why| unsupported(why.to_owned()))?;
        let text = proj4wkt::wkt_to_projstring(&crs.wkt)
            .map_err(|error| unsupported(format!("its definition cannot be read ({error})")))?;
        let system = Self::new(crs.clone(), &ProjString::parse(&text))?;
        let code = arguments(&crs.wkt, &[geographic_path(&crs.wkt), &["AUTHORITY"]].concat());
        let code = code.and_then(|authority| authority.get(1)?.parse().ok());
        Ok(Self { datum: system.datum.completed(code), ..system })
    }

    /// Its identifier, and its definition in WKT 1.
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// In which order its authority has the coordinates.
    pub fn axis_order(&self) -> AxisOrder {
        self.axis_order
    }

    /// Whether coordinates are longitude and latitude.
    pub fn is_geographic(&self) -> bool {
        self.angle.is_some()
    }

    fn new(crs: Crs, proj: &ProjString) -> Result<Self, ProjectionError> {
        let geographic = geographic_path(&crs.wkt);
        let is_geographic = matches!(proj.get("proj"), Some("longlat" | "latlong"));
        if matches!(proj.get("proj"), Some("geocent" | "cart")) {
            let why = "it is geocentric".to_owned();
            return Err(ProjectionError::Unsupported { name: crs.identifier, why });
        }
        let system = Self {
            projection: proj.without_datum(spheroid(&crs.wkt, geographic)),
            angle: is_geographic.then(|| radians_per_unit(&crs.wkt, geographic)),
            datum: Datum::of(&crs, geographic, proj),
            axis_order: AxisOrder::Unknown,
            crs,
        };
        system.proj("+towgs84=0,0,0")?;
        Ok(system)
    }

    /// The system for PROJ, with these parameters of its datum.
    pub(crate) fn proj(&self, datum: &str) -> Result<proj4rs::Proj, ProjectionError> {
        let text = format!("{} {datum}", self.projection);
        proj4rs::Proj::from_proj_string(&text).map_err(|error| ProjectionError::Unsupported {
            name: self.crs.identifier.clone(),
            why: error.to_string(),
        })
    }
}

/// Where a definition in WKT 1 has its geographic system.
fn geographic_path(wkt: &str) -> &'static [&'static str] {
    const PATHS: [&[&str]; 4] =
        [&["PROJCS", "GEOGCS"], &["GEOGCS"], &["COMPD_CS", "PROJCS", "GEOGCS"], &["COMPD_CS", "GEOGCS"]];
    PATHS.into_iter().find(|path| arguments(wkt, path).is_some()).unwrap_or(PATHS[1])
}

/// Degrees, if the definition does not say.
fn radians_per_unit(wkt: &str, geographic: &[&str]) -> f64 {
    let unit = arguments(wkt, &[geographic, &["UNIT"]].concat());
    let factor: Option<f64> = unit.and_then(|unit| unit.get(1)?.parse().ok());
    match factor {
        // Definitions have 14 digits of it at most.
        Some(factor) if (factor - 1.0_f64.to_radians()).abs() > 1e-10 && factor > 0.0 => factor,
        _ => 1.0_f64.to_radians(),
    }
}

/// Keeps the recursive parser from definitions that are too deep.
fn check_size(wkt: &str) -> Result<(), &'static str> {
    let mut depth = 0_usize;
    for byte in wkt.bytes() {
        match byte {
            b'[' | b'(' => depth += 1,
            b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err("its definition is nested too deeply");
        }
    }
    if wkt.len() > LONGEST_DEFINITION { Err("its definition is too long") } else { Ok(()) }
}
