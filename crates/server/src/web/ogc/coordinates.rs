//! The coordinate reference systems of a layer, and the transformations between them.

use std::borrow::Cow;

use longhaul_geodata::{
    Layer,
    geometry::{Extent, GeoJsonOptions, write_geojson},
};
use longhaul_projection::{AxisOrder, Bounds, Reference, System, Transformation};
use longhaul_tasks_web::ApiError;

/// Systems that every layer is offered in, besides its own.
const OFFERED: [Reference; 3] = [Reference::Crs84, Reference::Epsg(4326), Reference::Epsg(3857)];

/// What is known about the coordinates of a layer.
pub(in crate::web) struct LayerCrs {
    /// Its name among those that clients use, and the order that its authority has.
    reference: Option<(Reference, AxisOrder)>,
    /// None if coordinates cannot be transformed from it.
    system: Option<System>,
    /// Whether the layer says which system it has, and that means something here.
    is_known: bool,
}

impl LayerCrs {
    pub(super) fn of(layer: &Layer) -> Self {
        let Some(crs) = layer.geometry_crs() else {
            return Self { reference: None, system: None, is_known: false };
        };
        let reference: Option<Reference> = crs.identifier.parse().ok();
        let order =
            |reference| System::of(reference).map_or(AxisOrder::Unknown, |system| system.axis_order());
        let reference = reference.map(|reference| (reference, order(reference)));
        let system = System::stored(crs).ok();
        Self { is_known: reference.is_some() || system.is_some(), reference, system }
    }

    /// The address of the layer's own system, if the order of its axes is known.
    pub(super) fn storage_uri(&self) -> Option<String> {
        let (reference, order) = self.reference?;
        (order != AxisOrder::Unknown).then(|| reference.uri())
    }

    /// The addresses of the systems that the layer is offered in. There are more: any of EPSG's that is known here.
    pub(super) fn offered(&self) -> Vec<String> {
        let is_offered = |reference: &Reference| self.output(Some(*reference)).is_ok();
        let mut uris: Vec<_> = OFFERED.into_iter().filter(is_offered).map(Reference::uri).collect();
        uris.extend(self.storage_uri().filter(|uri| !uris.contains(uri)));
        uris
    }

    /// How coordinates are written for a client that asks for a system; without one it gets longitude and latitude.
    ///
    /// # Errors
    /// 400 if the layer cannot be had in that system.
    pub(super) fn output(&self, wanted: Option<Reference>) -> Result<Output, ApiError> {
        let wanted = wanted.unwrap_or(Reference::Crs84);
        if !self.is_known {
            // Nobody can say what its coordinates are, so they are given as they are.
            return match wanted {
                Reference::Crs84 => Ok(Output { uri: None, transformation: None, swap_axes: false }),
                wanted => Err(unavailable(wanted, "it is not known which system the layer has")),
            };
        }
        let (order, transformation) = match self.reference {
            Some((stored, order)) if stored == wanted => (order, None),
            _ => {
                let (target, transformation) = self.transformation(wanted)?;
                (target.axis_order(), Some(transformation).filter(|found| !found.is_identity()))
            }
        };
        let swap_axes = match order {
            AxisOrder::EastNorth => false,
            AxisOrder::NorthEast => true,
            AxisOrder::Unknown => return Err(unavailable(wanted, "the order of its axes is not known")),
        };
        Ok(Output { uri: Some(wanted.uri()), transformation, swap_axes })
    }

    /// The transformation to Web Mercator; `None` if there is none.
    pub(in crate::web) fn to_mercator(&self) -> Option<Transformation> {
        self.transformation(Reference::Epsg(3857)).ok().filter(|_| self.is_known).map(|(_, found)| found)
    }

    fn transformation(&self, to: Reference) -> Result<(System, Transformation), ApiError> {
        let target = System::of(to).map_err(|error| unavailable(to, &error.to_string()))?;
        let system = self.system.as_ref();
        let system = system.ok_or_else(|| {
            unavailable(to, "coordinates cannot be transformed from the system of the layer")
        })?;
        let transformation = Transformation::approximate(system, &target);
        let transformation = transformation.map_err(|error| unavailable(to, &error.to_string()))?;
        Ok((target, transformation))
    }

    /// The layer's extent in longitude and latitude, if it can be transformed.
    pub(super) fn extent_in_crs84(&self, extent: Extent) -> Option<Extent> {
        if !self.is_known {
            return Some(extent);
        }
        let (_, transformation) = self.transformation(Reference::Crs84).ok()?;
        transformation.bounds(bounds(extent)).map(of_bounds)
    }

    /// The boxes in the layer's coordinates that hold all of the `given` ones, which are in the order of their authority.
    ///
    /// # Errors
    /// 400 if coordinates of that system cannot be transformed to those of the layer.
    pub(super) fn boxes(&self, given: [f64; 4], crs: Option<Reference>) -> Result<Vec<Extent>, ApiError> {
        let crs = crs.unwrap_or(Reference::Crs84);
        if !self.is_known {
            return match crs {
                Reference::Crs84 => Ok(split(given, false)),
                crs => Err(unavailable(crs, "it is not known which system the layer has")),
            };
        }
        let (order, transformation) = match self.reference {
            Some((stored, order)) if stored == crs => (order, None),
            _ => {
                let from = System::of(crs).map_err(|error| unavailable(crs, &error.to_string()))?;
                let to = self.system.as_ref();
                let to = to.ok_or_else(|| {
                    unavailable(crs, "coordinates cannot be transformed to the system of the layer")
                })?;
                let transformation = Transformation::approximate(&from, to);
                let transformation = transformation.map_err(|error| unavailable(crs, &error.to_string()))?;
                (from.axis_order(), Some(transformation))
            }
        };
        let swapped = match order {
            AxisOrder::EastNorth => given,
            AxisOrder::NorthEast => [given[1], given[0], given[3], given[2]],
            AxisOrder::Unknown => return Err(unavailable(crs, "the order of its axes is not known")),
        };
        let is_degrees = matches!(crs, Reference::Crs84 | Reference::Epsg(4326));
        let boxes = split(swapped, is_degrees).into_iter();
        Ok(boxes
            .filter_map(|given| match &transformation {
                Some(transformation) => transformation.bounds(bounds(given)).map(of_bounds),
                None => Some(given),
            })
            .collect())
    }
}

/// The boxes of four numbers: two if it extends across the 180th meridian, none if it is the wrong way round.
fn split([min_x, min_y, max_x, max_y]: [f64; 4], is_degrees: bool) -> Vec<Extent> {
    let extent = |min_x, max_x| Extent { min_x, min_y, max_x, max_y };
    let ranges: &[(f64, f64)] = match (min_x <= max_x, is_degrees) {
        (true, _) => &[(min_x, max_x)],
        (false, true) => &[(min_x, 180.0), (-180.0, max_x)],
        (false, false) => &[],
    };
    let boxes = ranges.iter().map(|(min_x, max_x)| extent(*min_x, *max_x));
    boxes.filter(|extent| extent.min_x <= extent.max_x && min_y <= max_y).collect()
}

/// How the coordinates of a response are made of those of the layer.
pub(super) struct Output {
    /// For the header `Content-Crs`.
    pub(super) uri: Option<String>,
    transformation: Option<Transformation>,
    swap_axes: bool,
}

impl Output {
    /// Appends the geometry object of a geometry in its stored form.
    ///
    /// # Errors
    /// What to tell the client, if the geometry does not decode, GeoJSON has nothing like it, or it cannot be transformed.
    /// `out` is then as it was before.
    pub(super) fn write(&self, stored: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let options = GeoJsonOptions { swap_axes: self.swap_axes, drop_measures: true };
        let geometry = match &self.transformation {
            None => Cow::Borrowed(stored),
            Some(transformation) => {
                let mut moved = Vec::with_capacity(stored.len());
                transformation.geometry(stored, &mut moved).map_err(|error| error.to_string())?;
                Cow::Owned(moved)
            }
        };
        write_geojson(&geometry, options, out).map_err(|error| error.to_string())
    }
}

fn unavailable(crs: Reference, why: &str) -> ApiError {
    ApiError::bad_request(format!("The coordinate reference system {crs} cannot be used here: {why}."))
}

pub(super) fn bounds(extent: Extent) -> Bounds {
    let Extent { min_x, min_y, max_x, max_y } = extent;
    Bounds { min_x, min_y, max_x, max_y }
}

pub(super) fn of_bounds(bounds: Bounds) -> Extent {
    let Bounds { min_x, min_y, max_x, max_y } = bounds;
    Extent { min_x, min_y, max_x, max_y }
}
