//! Vector tiles: [Mapbox Vector Tile 2.1](https://github.com/mapbox/vector-tile-spec/tree/master/2.1).

mod clip;
mod commands;
mod protobuf;
mod shapes;

use longhaul_geodata::geometry::{Extent, GeometryError, visit};

use self::{commands::Commands, protobuf::Message, shapes::Shapes};

/// Units along a side of a tile.
pub const TILE_UNITS: f64 = 4096.0;
/// How far geometries extend beyond a tile, in its units, so that no seams are drawn.
pub const TILE_BUFFER: f64 = 64.0;

/// The types of a feature.
const POINTS: u64 = 1;
const LINES: u64 = 2;
const POLYGONS: u64 = 3;

/// Collects the features of one layer for one tile. Each has its key as the attribute `id`, a text, and nothing else.
pub struct VectorTileLayer {
    bounds: Extent,
    features: Message,
    values: Message,
    /// Values that there are, which is the number of the next one.
    keys: u64,
}

impl VectorTileLayer {
    /// For a tile with these bounds, in the coordinates of the geometries.
    pub fn new(bounds: Extent) -> Self {
        Self { bounds, features: Message::default(), values: Message::default(), keys: 0 }
    }

    /// Adds what a geometry has in the tile. A collection becomes a feature for each type of its parts. What is smaller than a
    /// unit stays visible as a unit.
    ///
    /// # Errors
    /// If the geometry does not decode. The layer is then as before.
    pub fn add(&mut self, key: &str, stored: &[u8]) -> Result<(), GeometryError> {
        let mut shapes = Shapes::new(self.bounds);
        visit(stored, &mut shapes)?;
        let mut parts = Vec::new();
        for (kind, commands) in [
            (POINTS, Commands::of_points(&shapes.points)),
            (LINES, Commands::of_lines(&shapes.lines)),
            (POLYGONS, Commands::of_polygons(&shapes.polygons)),
        ] {
            parts.extend(commands.filter(|commands| !commands.is_empty()).map(|commands| (kind, commands)));
        }
        if parts.is_empty() {
            return Ok(());
        }
        let value = self.keys;
        self.keys += 1;
        let mut text = Message::default();
        text.bytes(1, key.as_bytes());
        self.values.message(4, &text);
        for (kind, commands) in parts {
            let mut feature = Message::default();
            feature.packed(2, &[0, value]);
            feature.number(3, kind);
            feature.packed(4, commands.as_slice());
            self.features.message(2, &feature);
        }
        Ok(())
    }

    /// Adds a box, as a polygon.
    pub fn add_box(&mut self, extent: Extent) {
        let Extent { min_x, min_y, max_x, max_y } = extent;
        let mut shapes = Shapes::new(self.bounds);
        shapes.add_ring([(min_x, min_y), (max_x, min_y), (max_x, max_y), (min_x, max_y)].into_iter(), true);
        let Some(commands) = Commands::of_polygons(&shapes.polygons).filter(|commands| !commands.is_empty())
        else {
            return;
        };
        let mut feature = Message::default();
        feature.number(3, POLYGONS);
        feature.packed(4, commands.as_slice());
        self.features.message(2, &feature);
    }

    /// About how many bytes the tile has.
    pub fn size(&self) -> usize {
        self.features.len() + self.values.len()
    }

    /// The tile with this layer; no bytes if it has no features.
    pub fn finish(self, name: &str) -> Vec<u8> {
        if self.features.is_empty() {
            return Vec::new();
        }
        let mut layer = Message::default();
        layer.number(15, 2);
        layer.bytes(1, name.as_bytes());
        layer.append(&self.features);
        if self.keys > 0 {
            layer.bytes(3, b"id");
        }
        layer.append(&self.values);
        layer.number(5, TILE_UNITS as u64);
        let mut tile = Message::default();
        tile.message(3, &layer);
        tile.into_bytes()
    }
}
