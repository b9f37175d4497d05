//! One rule of a mapping, as a layer.

use std::borrow::Cow;

use longhaul_geodata::{Batch, Layer, Value};

use super::{
    field_type::FieldType,
    filter::RuleFilter,
    ring,
    simplicity::{self, RingSimplicity},
};
use crate::{EntityKind, EntityLayer, Info, Node, Tags, Warnings, WayWithGeometry, columns};

/// One rule: a layer whose features are the entities that match the filter.
#[derive(Debug)]
pub struct Rule {
    pub(super) filter: RuleFilter,
    pub(super) geometry: RuleGeometry,
    /// The source of each column of the layer, in order.
    pub(super) columns: Vec<ColumnSource>,
    pub(super) layer: Layer,
}

/// The geometry type of the features of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleGeometry {
    Point,
    Linestring,
    Polygon,
}

/// What the values of a column are made of.
#[derive(Debug)]
pub(super) enum ColumnSource {
    Id,
    Attribute(CommonAttribute),
    Tag(TagColumn),
    Geometry,
    Refs,
}

/// A column that is made of a tag.
#[derive(Debug)]
pub(super) struct TagColumn {
    pub(super) tag: String,
    pub(super) field_type: FieldType,
    /// The warning for an entity whose value does not fit the type.
    pub(super) warning: String,
}

/// A property that every entity has, whatever its tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommonAttribute {
    Visible,
    Timestamp,
    Tags,
    Changeset,
    Version,
    User,
}

impl EntityLayer for Rule {
    fn layer(&self) -> &Layer {
        &self.layer
    }

    fn kind(&self) -> EntityKind {
        self.geometry.entity_kind()
    }

    fn add_node(&self, node: &Node<'_>, features: &mut Batch, warnings: &mut Warnings) {
        let Some(position) = node.position.filter(|_| self.filter.matches_node(node.tags)) else { return };
        for source in &self.columns {
            match source {
                ColumnSource::Geometry => columns::push_point(position, features),
                source => self.push_value(source, node.id, &node.info, node.tags, features, warnings),
            }
        }
    }

    fn add_way(&self, built: &WayWithGeometry<'_>, features: &mut Batch, warnings: &mut Warnings) {
        let WayWithGeometry { way, linestring } = *built;
        if !self.filter.matches_way(way.tags, way.refs) {
            return;
        }
        let linestring = match self.geometry {
            RuleGeometry::Polygon => match ring::from_linestring(linestring) {
                Some(ring) => {
                    match simplicity::of_ring(&ring) {
                        RingSimplicity::Simple => {}
                        RingSimplicity::Crossing => {
                            warnings.add(self.crossing_warning(), EntityKind::Way, way.id)
                        }
                        RingSimplicity::Unknown => {
                            warnings.add(self.long_ring_warning(), EntityKind::Way, way.id)
                        }
                    }
                    ring
                }
                None => return warnings.add_loss(self.no_area_warning(), EntityKind::Way, way.id),
            },
            _ => Cow::Borrowed(linestring),
        };
        for source in &self.columns {
            match source {
                ColumnSource::Geometry if self.geometry == RuleGeometry::Polygon => {
                    columns::push_polygon(&linestring, features)
                }
                ColumnSource::Geometry => columns::push_linestring(&linestring, features),
                ColumnSource::Refs => columns::push_refs(way.refs, features),
                source => self.push_value(source, way.id, &way.info, way.tags, features, warnings),
            }
        }
    }
}

impl Rule {
    pub(super) fn name(&self) -> &str {
        &self.layer.name
    }

    /// Adds the value of a column that does not depend on the type of the entity.
    fn push_value(
        &self,
        source: &ColumnSource,
        id: i64,
        info: &Info<'_>,
        tags: Tags<'_>,
        features: &mut Batch,
        warnings: &mut Warnings,
    ) {
        match source {
            ColumnSource::Id => features.push(Value::Integer(id)),
            ColumnSource::Attribute(attribute) => attribute.push(info, tags, features),
            ColumnSource::Tag(field) => {
                let fits = tags.get(&field.tag).map(|text| field.field_type.push(text, features));
                match fits {
                    None => features.push(Value::Null),
                    Some(true) => {}
                    Some(false) => warnings.add_loss(field.warning.clone(), self.kind(), id),
                }
            }
            // Only ways have references, and the callers add geometries.
            ColumnSource::Refs | ColumnSource::Geometry => features.push(Value::Null),
        }
    }

    fn no_area_warning(&self) -> String {
        format!("matches rule '{}' but encloses no area", self.layer.name)
    }

    fn crossing_warning(&self) -> String {
        format!("makes a polygon of layer '{}' whose ring crosses or touches itself", self.layer.name)
    }

    fn long_ring_warning(&self) -> String {
        format!("makes a polygon of layer '{}' that is too long to be checked for crossings", self.layer.name)
    }
}

impl RuleGeometry {
    fn entity_kind(self) -> EntityKind {
        match self {
            Self::Point => EntityKind::Node,
            Self::Linestring | Self::Polygon => EntityKind::Way,
        }
    }
}

impl CommonAttribute {
    /// Adds the value in the same form as in the raw layers.
    fn push(self, info: &Info<'_>, tags: Tags<'_>, features: &mut Batch) {
        match self {
            Self::Visible => features.push(Value::Boolean(info.visible)),
            Self::Version => {
                features.push(info.version.map_or(Value::Null, |version| Value::Integer(version.into())))
            }
            // The raw layers add the warning for an invalid timestamp.
            Self::Timestamp => drop(columns::push_timestamp(info, features)),
            Self::Tags => columns::push_tags(tags, features),
            Self::Changeset => features.push(info.changeset.map_or(Value::Null, Value::Integer)),
            Self::User => columns::push_user(info, features),
        }
    }
}
