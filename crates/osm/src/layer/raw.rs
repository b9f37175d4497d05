//! The layers `node` and `way`, which hold every node and every way with all metadata and tags.

use longhaul_geodata::{Batch, Column, DataType, Layer, Schema, Value};

use super::entity_layer::{EntityLayer, WayWithGeometry};
use crate::{EntityKind, Info, Node, Tags, Warnings, columns};

/// The layer `node`: all nodes, unless those without tags are left out.
#[derive(Debug)]
pub struct RawNodes {
    layer: Layer,
    without_untagged: bool,
}

/// The layer `way`.
#[derive(Debug)]
pub struct RawWays(Layer);

impl RawNodes {
    /// The name of the layer.
    pub const NAME: &'static str = "node";

    /// The layer without the nodes that have no tags.
    pub fn without_untagged(self) -> Self {
        Self { without_untagged: true, ..self }
    }
}

impl RawWays {
    /// The name of the layer.
    pub const NAME: &'static str = "way";
}

impl Default for RawNodes {
    fn default() -> Self {
        let layer = layer(Self::NAME, [columns::geometry("location", "POINT")]);
        Self { layer, without_untagged: false }
    }
}

impl Default for RawWays {
    fn default() -> Self {
        Self(layer(Self::NAME, [columns::text("nodes"), columns::geometry("way", "LINESTRING")]))
    }
}

impl EntityLayer for RawNodes {
    fn layer(&self) -> &Layer {
        &self.layer
    }

    fn kind(&self) -> EntityKind {
        EntityKind::Node
    }

    fn add_node(&self, node: &Node<'_>, features: &mut Batch, warnings: &mut Warnings) {
        let is_left_out = self.without_untagged && node.tags.is_empty();
        let Some(position) = node.position.filter(|_| !is_left_out) else { return };
        push_common_columns(node.id, &node.info, node.tags, EntityKind::Node, features, warnings);
        columns::push_point(position, features);
    }
}

impl EntityLayer for RawWays {
    fn layer(&self) -> &Layer {
        &self.0
    }

    fn kind(&self) -> EntityKind {
        EntityKind::Way
    }

    fn add_way(
        &self,
        WayWithGeometry { way, linestring }: &WayWithGeometry<'_>,
        features: &mut Batch,
        warnings: &mut Warnings,
    ) {
        push_common_columns(way.id, &way.info, way.tags, EntityKind::Way, features, warnings);
        columns::push_refs(way.refs, features);
        columns::push_linestring(linestring, features);
    }
}

/// Adds the values of the columns that both layers begin with.
fn push_common_columns(
    id: i64,
    info: &Info<'_>,
    tags: Tags<'_>,
    kind: EntityKind,
    features: &mut Batch,
    warnings: &mut Warnings,
) {
    features.push(Value::Integer(id));
    features.push(Value::Boolean(info.visible));
    features.push(info.version.map_or(Value::Null, |version| Value::Integer(version.into())));
    if !columns::push_timestamp(info, features) {
        warnings.add_loss(columns::INVALID_TIMESTAMP, kind, id);
    }
    columns::push_tags(tags, features);
    features.push(info.changeset.map_or(Value::Null, Value::Integer));
    columns::push_user(info, features);
}

fn layer<const N: usize>(name: &str, own: [Column; N]) -> Layer {
    let integer = DataType::Integer { size: 64 };
    let common = [
        Column { primary_key: true, ..columns::column("id", integer.clone()) },
        columns::column("visible", DataType::Boolean),
        columns::column("version", DataType::Integer { size: 32 }),
        columns::column("timestamp", DataType::Timestamp { utc: true }),
        columns::text("tags"),
        columns::column("changeset", integer),
        columns::text("user"),
    ];
    Layer {
        name: name.to_owned(),
        schema: Schema { columns: common.into_iter().chain(own).collect() },
        crs: vec![columns::wgs84()],
        ..Layer::default()
    }
}
