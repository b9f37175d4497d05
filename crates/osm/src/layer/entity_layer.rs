//! The interface of layers whose features are made of entities.

use longhaul_geodata::{Batch, Layer};

use crate::{EntityKind, Node, Position, Warnings, Way};

/// A layer whose features are made of entities, by several threads at once.
///
/// The primary key is an integer column that holds the id of the entity, so that a later version of an entity replaces the
/// feature of the earlier version.
pub trait EntityLayer: Send + Sync {
    /// The name, the columns and the CRS of the layer.
    fn layer(&self) -> &Layer;

    /// The type of the entities that its features are made of: nodes or ways.
    fn kind(&self) -> EntityKind;

    /// Adds the feature that represents a node, one value for each column; adds nothing if the layer has no feature for it.
    fn add_node(&self, node: &Node<'_>, features: &mut Batch, warnings: &mut Warnings) {
        let _ = (node, features, warnings);
    }

    /// Adds the feature that represents a way, one value for each column; adds nothing if the layer has no feature for it.
    fn add_way(&self, way: &WayWithGeometry<'_>, features: &mut Batch, warnings: &mut Warnings) {
        let _ = (way, features, warnings);
    }
}

/// A way with the positions of its nodes.
#[derive(Clone, Copy, Debug)]
pub struct WayWithGeometry<'a> {
    /// The way.
    pub way: Way<'a>,
    /// The positions of its nodes, in order: those that are known, at least two, without equal positions in succession.
    pub linestring: &'a [Position],
}
