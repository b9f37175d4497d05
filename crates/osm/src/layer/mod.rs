//! What becomes of entities: the features of layers.

mod raw;

pub use raw::{RawNodes, RawWays};

use longhaul_geodata::{Batch, Layer};

use crate::{EntityKind, Node, Position, Warnings, Way};

/// A layer whose features are made of entities, on several threads at once.
///
/// Its primary key is an integer column, and a feature's key is the id of its entity: so a later version of an entity
/// finds the feature of the earlier one.
pub trait EntityLayer: Send + Sync {
    /// What the layer is called and which columns it has.
    fn layer(&self) -> &Layer;

    /// Of which entities its features are made: of nodes or of ways.
    fn kind(&self) -> EntityKind;

    /// Adds the feature that a node becomes, a value for each column; nothing if it becomes none.
    fn add_node(&self, node: &Node<'_>, features: &mut Batch, warnings: &mut Warnings) {
        let _ = (node, features, warnings);
    }

    /// Adds the feature that a way becomes, a value for each column; nothing if it becomes none.
    fn add_way(&self, way: &WayWithGeometry<'_>, features: &mut Batch, warnings: &mut Warnings) {
        let _ = (way, features, warnings);
    }
}

/// A way whose nodes were looked up.
#[derive(Clone, Copy, Debug)]
pub struct WayWithGeometry<'a> {
    /// The way.
    pub way: Way<'a>,
    /// Where its nodes are, in order: those that are known, at least two of them, and no two equal ones in succession.
    pub linestring: &'a [Position],
}

impl WayWithGeometry<'_> {
    /// Whether it ends where it begins.
    pub fn is_closed(&self) -> bool {
        self.linestring.first() == self.linestring.last()
    }
}
