//! Leaves out features that lie outside a box.

use std::{collections::HashSet, str::FromStr};

use longhaul_geodata::{
    Batch, Layer, Value,
    geometry::{self, Extent},
};
use longhaul_layer_index::IndexCache;
use longhaul_projection::{Bounds, Reference, System, Transformation};
use longhaul_repository::{Dataset, ObjectId};
use serde::{Deserialize, Serialize};

use super::ExportError;

/// The most features in a window that are looked up, some 40 bytes of memory each. With more, looking at all costs little more.
const MOST_LOOKED_UP: u64 = 250_000;

/// A box in the plane of some reference system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Window {
    extent: Extent,
    crs: Option<Reference>,
}

/// The text is no box.
#[derive(Debug, thiserror::Error)]
#[error(
    "bbox must be minx,miny,maxx,maxy or minx,miny,maxx,maxy,EPSG:n, with minx not above maxx and miny not above maxy, not '{0}'"
)]
pub struct BadWindow(String);

impl FromStr for Window {
    type Err = BadWindow;

    /// Reads GeoGig's form `minx,miny,maxx,maxy,EPSG:n`. Without a reference system it is that of each layer.
    fn from_str(text: &str) -> Result<Self, BadWindow> {
        let bad = || BadWindow(text.chars().take(200).collect());
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let (numbers, crs) = match parts.len() {
            4 => (&parts[..], None),
            5 => (&parts[..4], Some(parts[4].parse().map_err(|_| bad())?)),
            _ => return Err(bad()),
        };
        let numbers =
            numbers.iter().map(|number| number.parse().ok().filter(|number: &f64| number.is_finite()));
        let numbers: Vec<f64> = numbers.collect::<Option<_>>().ok_or_else(bad)?;
        let extent = Extent { min_x: numbers[0], min_y: numbers[1], max_x: numbers[2], max_y: numbers[3] };
        let is_box = extent.min_x <= extent.max_x && extent.min_y <= extent.max_y;
        is_box.then_some(Self { extent, crs }).ok_or_else(bad)
    }
}

impl TryFrom<String> for Window {
    type Error = BadWindow;

    fn try_from(text: String) -> Result<Self, BadWindow> {
        text.parse()
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        let Extent { min_x, min_y, max_x, max_y } = window.extent;
        let crs = window.crs.map(|crs| format!(",{crs}")).unwrap_or_default();
        format!("{min_x},{min_y},{max_x},{max_y}{crs}")
    }
}

/// A window in the plane of a layer.
pub(super) struct LayerWindow {
    /// None if the window lies where the layer's reference system has no coordinates.
    extent: Option<Extent>,
    /// The position of the geometry column; none if the layer has no geometries, so that all its features stay.
    geometry: Option<usize>,
}

impl Window {
    /// The window for a layer, in its reference system.
    pub(super) fn in_layer(&self, layer: &Layer) -> Result<LayerWindow, ExportError> {
        let geometry = layer.schema.geometry();
        let (Some(crs), Some(_)) = (self.crs, geometry) else {
            return Ok(LayerWindow { extent: Some(self.extent), geometry });
        };
        let own = layer.geometry_crs();
        let own = own.ok_or_else(|| ExportError::UnknownCrs { layer: layer.name.clone() })?;
        let Extent { min_x, min_y, max_x, max_y } = self.extent;
        let bounds = System::of(crs)
            .and_then(|from| Transformation::approximate(&from, &System::stored(own)?))
            .map(|transformation| transformation.bounds(Bounds { min_x, min_y, max_x, max_y }))
            .map_err(|source| ExportError::Projection { layer: layer.name.clone(), source })?;
        let extent =
            bounds.map(|Bounds { min_x, min_y, max_x, max_y }| Extent { min_x, min_y, max_x, max_y });
        Ok(LayerWindow { extent, geometry })
    }
}

impl LayerWindow {
    /// The blobs of the features in the window, if the layer's index is there; `None` if every feature must be looked at.
    pub(super) fn look_up(&self, dataset: &Dataset, indexes: &IndexCache) -> Option<HashSet<ObjectId>> {
        let (extent, _) = self.extent.zip(self.geometry)?;
        let index = indexes.get(dataset.tree())?;
        // A geometry without an extent may be damaged, which stops an export, and is in no window of an index.
        if index.count_with_extent() < index.count() {
            return None;
        }
        let window = longhaul_layer_index::Window::Boxes(vec![extent]);
        if index.number_matched(&window).ok()? > MOST_LOOKED_UP {
            return None;
        }
        index.leaves(window, 0).map(|leaf| leaf.map(|leaf| leaf.entry.blob)).collect::<Result<_, _>>().ok()
    }

    /// The features whose extent meets the window. Those without a geometry are left out.
    pub(super) fn filter(&self, features: Batch, layer: &Layer) -> Result<Batch, ExportError> {
        let Some(geometry) = self.geometry else { return Ok(features) };
        let mut kept = Batch::new(layer.schema.columns.len());
        for row in features.rows() {
            if self.meets(row.value(geometry), layer)? {
                row.values().for_each(|value| kept.push(value));
            }
        }
        Ok(kept)
    }

    fn meets(&self, value: Value<'_>, layer: &Layer) -> Result<bool, ExportError> {
        let Value::Geometry(stored) = value else { return Ok(false) };
        let measured = geometry::measure(stored);
        let measured =
            measured.map_err(|source| ExportError::Geometry { layer: layer.name.clone(), source })?;
        Ok(measured.extent.is_some_and(|extent| self.extent.is_some_and(|window| window.intersects(&extent))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_read_and_printed() {
        for text in ["0,-1.5,10,2,EPSG:2193", "1,2,3,4"] {
            let window: Window = text.parse().unwrap();
            assert_eq!(String::from(window), text);
        }
        for bad in
            ["", "1,2,3", "1,2,3,4,", "1,2,3,4,EPSG:1,5", "3,0,1,1", "a,0,1,1", "NaN,0,1,1", "0,0,inf,1"]
        {
            assert!(bad.parse::<Window>().is_err(), "{bad}");
        }
    }
}
