//! `…/collections/{id}/tiles/{z}/{x}/{y}.mvt`: a layer as vector tiles, made of its index when they are asked for.
//!
//! Tiles are those of Web Mercator, numbered from the north-west. A layer whose coordinates cannot be transformed has a grid of its
//! own: the square around its extent, halved on each level.

use std::io;

use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use longhaul_formats::{TILE_BUFFER, TILE_UNITS, VectorTileLayer};
use longhaul_geodata::{Value, geometry::Extent};
use longhaul_layer_index::{LayerIndex, Window};
use longhaul_projection::{Bounds, Reference, Transformation};
use longhaul_tasks_web::ApiError;

use super::{
    Snapshot,
    coordinates::{LayerCrs, bounds, of_bounds},
    snapshot::Collection,
};
use crate::web::{
    LayerIndexes,
    error_response::{self, ErrorResponse},
};

const MEDIA_TYPE: &str = "application/vnd.mapbox-vector-tile";
/// The most features in a tile. Where there are more, boxes of the index show where features are.
const MOST_FEATURES: u64 = 5_000;
/// The largest tile that shows features, in bytes.
const LARGEST: usize = 500_000;
/// The most boxes in a tile.
const MOST_BOXES: usize = 2_000;
/// The deepest level.
const DEEPEST: u32 = 24;
/// Half the width of the world in Web Mercator, in metres.
const HALF_WORLD: f64 = 20_037_508.342_789_244;

/// The grid of a layer's tiles.
pub(in crate::web) struct TileGrid {
    /// The square that the only tile of level 0 holds.
    pub(in crate::web) square: Extent,
    /// From the layer's coordinates; `None` if the grid is in these.
    to_mercator: Option<Transformation>,
    is_mercator: bool,
}

impl TileGrid {
    pub(in crate::web) fn of(crs: &LayerCrs, extent: Option<Extent>) -> Self {
        if let Some(transformation) = crs.to_mercator() {
            let square =
                Extent { min_x: -HALF_WORLD, min_y: -HALF_WORLD, max_x: HALF_WORLD, max_y: HALF_WORLD };
            let to_mercator = Some(transformation).filter(|found| !found.is_identity());
            return Self { square, to_mercator, is_mercator: true };
        }
        Self {
            square: extent.map_or(Extent::of_point(0.0, 0.0), square_around),
            to_mercator: None,
            is_mercator: false,
        }
    }

    /// Whether it is that of Web Mercator.
    pub(in crate::web) fn is_mercator(&self) -> bool {
        self.is_mercator
    }

    /// The extent of a layer in the coordinates of the grid.
    pub(in crate::web) fn extent(&self, extent: Extent) -> Option<Extent> {
        match &self.to_mercator {
            None => Some(extent),
            Some(transformation) => {
                transformation.bounds(mercator_part(extent, transformation)?).map(of_bounds)
            }
        }
    }

    /// The box around the corners of a small box, in the coordinates of the grid.
    fn corners(&self, extent: Extent) -> Option<Extent> {
        let Some(transformation) = &self.to_mercator else { return Some(extent) };
        let Extent { min_x, min_y, max_x, max_y } = extent;
        let corners = [(min_x, min_y), (max_x, min_y), (max_x, max_y), (min_x, max_y)];
        let moved = corners.into_iter().filter_map(|(x, y)| transformation.position(x, y).ok());
        moved.map(|(x, y)| Extent::of_point(x, y)).reduce(Extent::union)
    }

    fn tile(&self, TileAddress { z, x, y }: TileAddress) -> Extent {
        let size = (self.square.max_x - self.square.min_x) / f64::from(1_u32 << z);
        let min_x = self.square.min_x + f64::from(x) * size;
        let max_y = self.square.max_y - f64::from(y) * size;
        Extent { min_x, min_y: max_y - size, max_x: min_x + size, max_y }
    }

    /// The boxes in the layer's coordinates in which to look for what a tile shows.
    fn window(&self, crs: &LayerCrs, tile: Extent) -> Result<Window, ApiError> {
        let margin = (tile.max_x - tile.min_x) * TILE_BUFFER / TILE_UNITS;
        let wide = Extent {
            min_x: tile.min_x - margin,
            min_y: tile.min_y - margin,
            max_x: tile.max_x + margin,
            max_y: tile.max_y + margin,
        };
        if !self.is_mercator {
            return Ok(Window::Boxes(vec![wide]));
        }
        let within = |value: f64| value.clamp(-HALF_WORLD, HALF_WORLD);
        let numbers = [wide.min_x, wide.min_y, wide.max_x, wide.max_y].map(within);
        Ok(Window::Boxes(crs.boxes(numbers, Some(Reference::Epsg(3857)))?))
    }
}

/// What of an extent Web Mercator can show, which ends before the poles.
fn mercator_part(extent: Extent, transformation: &Transformation) -> Option<Bounds> {
    const NORTHERNMOST: f64 = 85.06;
    match transformation.source().is_geographic() {
        false => Some(bounds(extent)),
        true => {
            let part = Extent {
                min_y: extent.min_y.clamp(-NORTHERNMOST, NORTHERNMOST),
                max_y: extent.max_y.clamp(-NORTHERNMOST, NORTHERNMOST),
                ..extent
            };
            Some(bounds(part))
        }
    }
}

fn square_around(extent: Extent) -> Extent {
    let size = (extent.max_x - extent.min_x).max(extent.max_y - extent.min_y).max(1e-6);
    Extent { max_x: extent.min_x + size, min_y: extent.max_y - size, ..extent }
}

/// Which tile a path names.
#[derive(Clone, Copy)]
struct TileAddress {
    z: u32,
    x: u32,
    y: u32,
}

impl TileAddress {
    /// # Errors
    /// 404 if the grid has no such tile.
    fn of(z: &str, x: &str, y: &str) -> Result<Self, ApiError> {
        let number =
            |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        let address = || {
            let (z, x, y) = (number(z)?, number(x)?, number(y.strip_suffix(".mvt")?)?);
            (z <= DEEPEST && x < 1_u32 << z && y < 1_u32 << z).then_some(Self { z, x, y })
        };
        let message = format!("There is no such tile; tiles are named Z/X/Y.mvt, with Z up to {DEEPEST}.");
        address().ok_or_else(|| ApiError::not_found(message))
    }
}

pub(super) async fn tile(
    snapshot: Snapshot,
    Path(path): Path<Vec<(String, String)>>,
    State(indexes): State<LayerIndexes>,
) -> Result<Response, ErrorResponse> {
    let segment =
        |name: &str| path.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    let address = TileAddress::of(segment("z"), segment("x"), segment("y"))?;
    let collection = snapshot.collection().await?;
    let index = indexes.get(&collection.dataset).await?;
    let made = snapshot.run(move || make(&collection, &index, address)).await??;
    let caching = match snapshot.is_permanent() {
        true => "private, max-age=31536000, immutable",
        false => "no-cache",
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
    ];
    Ok((headers, made).into_response())
}

fn make(collection: &Collection, index: &LayerIndex, address: TileAddress) -> Result<Vec<u8>, ApiError> {
    let grid = TileGrid::of(&collection.crs, index.extent());
    let tile = grid.tile(address);
    let window = grid.window(&collection.crs, tile)?;
    let internal = |error: io::Error| error_response::internal(error);
    let features = match index.number_matched(&window).map_err(internal)? <= MOST_FEATURES {
        true => features(collection, index, &grid, tile, window.clone())?,
        false => None,
    };
    if let Some(features) = features {
        return Ok(features.finish("features"));
    }
    let mut coverage = VectorTileLayer::new(tile);
    for extent in index.coverage(&window, MOST_BOXES).map_err(internal)? {
        grid.corners(extent).into_iter().for_each(|extent| coverage.add_box(extent));
    }
    Ok(coverage.finish("coverage"))
}

/// `None` if the tile would be too large.
fn features(
    collection: &Collection,
    index: &LayerIndex,
    grid: &TileGrid,
    tile: Extent,
    window: Window,
) -> Result<Option<VectorTileLayer>, ApiError> {
    let mut layer = VectorTileLayer::new(tile);
    let Some(geometry) = collection.layer.schema.geometry() else { return Ok(Some(layer)) };
    let reader = collection.dataset.reader();
    let mut batch = reader.batch().map_err(error_response::internal)?;
    let mut moved = Vec::new();
    for leaf in index.leaves(window, 0) {
        let leaf = leaf.map_err(error_response::internal)?;
        batch.clear();
        reader.read(&leaf.entry, &mut batch).map_err(error_response::internal)?;
        let Some(Value::Geometry(stored)) = batch.rows().next().map(|row| row.value(geometry)) else {
            continue;
        };
        let stored = match &grid.to_mercator {
            None => stored,
            Some(transformation) => {
                moved.clear();
                // What Web Mercator cannot show, such as a pole, is not shown.
                if transformation.geometry(stored, &mut moved).is_err() {
                    continue;
                }
                &moved
            }
        };
        // The list of features says which geometries are broken; a map shows the others.
        let _ = layer.add(&leaf.entry.key.text(), stored);
        if layer.size() > LARGEST {
            return Ok(None);
        }
    }
    Ok(Some(layer))
}
