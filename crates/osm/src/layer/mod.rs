//! Layers of features that are made of entities.

mod entity_layer;
mod existing;
mod raw;

pub use entity_layer::{EntityLayer, WayWithGeometry};
pub use raw::{RawNodes, RawWays};
