//! Rules that say which entities become features of which layers, and which tags become which columns.
//!
//! ```json
//! {"rules": [{"name": "roads",
//!             "filter": {"highway": ["primary", "secondary"], "geom": ["open"]},
//!             "exclude": {"access": ["private"], "name": null},
//!             "fields": {"lanes": {"name": "lanes", "type": "INTEGER"}, "way": {"name": "way", "type": "LINESTRING"}},
//!             "defaultFields": ["timestamp"]}]}
//! ```
//!
//! That is GeoGig's grammar. Every rule that matches makes a feature, in the layer of the rule's name and with the id of
//! the entity; POINT rules take nodes, LINESTRING and POLYGON rules take ways. Unlike there, all of a mapping is checked
//! before anything is done with it, an empty filter does not switch `exclude` off, `geom` may stand alone in a
//! filter, and a value that cannot be read as what its column holds is null and an oddity.

mod error;
mod filter;
mod json;
mod parse;
mod ring;
mod value;

pub use error::MappingError;

use std::borrow::Cow;

use longhaul_geodata::{Batch, Layer, Value};

use crate::{EntityKind, EntityLayer, Info, Node, Tags, Warnings, WayWithGeometry, columns};
use filter::RuleFilter;
use value::FieldType;

/// A mapping: its rules in order, at least one.
#[derive(Debug)]
pub struct Mapping(Vec<Rule>);

/// One rule: a layer, whose features are the entities that it matches.
#[derive(Debug)]
pub struct Rule {
    filter: RuleFilter,
    geometry: RuleGeometry,
    columns: Vec<ColumnSource>,
    layer: Layer,
}

/// What the geometries of a rule's features are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RuleGeometry {
    Point,
    Linestring,
    Polygon,
}

/// What stands in a column.
#[derive(Debug)]
enum ColumnSource {
    Id,
    Attribute(CommonAttribute),
    Tag(TagColumn),
    Geometry,
    Refs,
}

/// A tag that becomes a column.
#[derive(Debug)]
struct TagColumn {
    tag: String,
    kind: FieldType,
    /// What is noted of entities whose value cannot be read.
    warning: String,
}

/// What is known of every entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CommonAttribute {
    Visible,
    Timestamp,
    Tags,
    Changeset,
    Version,
    User,
}

impl Mapping {
    /// Reads a mapping and checks all of it.
    ///
    /// # Errors
    /// The first thing that is wrong, with the rule and the field it is wrong in.
    pub fn from_json(text: &str) -> Result<Self, MappingError> {
        parse::rules(text).map(Self)
    }

    /// What the layers are called.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|rule| rule.layer.name.as_str())
    }

    /// The rules, each of which makes a layer.
    pub fn into_rules(self) -> Vec<Rule> {
        self.0
    }
}

impl EntityLayer for Rule {
    fn layer(&self) -> &Layer {
        &self.layer
    }

    fn kind(&self) -> EntityKind {
        self.geometry.kind()
    }

    fn add_node(&self, node: &Node<'_>, features: &mut Batch, warnings: &mut Warnings) {
        if !self.filter.matches_node(node.tags) {
            return;
        }
        for content in &self.columns {
            match content {
                ColumnSource::Geometry => columns::push_point(node.position, features),
                content => self.add(content, node.id, &node.info, node.tags, features, warnings),
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
                Some(ring) => ring,
                None => return warnings.add(self.no_area_warning(), EntityKind::Way, way.id),
            },
            _ => Cow::Borrowed(linestring),
        };
        for content in &self.columns {
            match content {
                ColumnSource::Geometry if self.geometry == RuleGeometry::Polygon => {
                    columns::push_polygon(&linestring, features)
                }
                ColumnSource::Geometry => columns::push_line(&linestring, features),
                ColumnSource::Refs => columns::push_refs(way.refs, features),
                content => self.add(content, way.id, &way.info, way.tags, features, warnings),
            }
        }
    }
}

impl Rule {
    /// Adds what does not depend on the kind of entity.
    fn add(
        &self,
        content: &ColumnSource,
        id: i64,
        info: &Info<'_>,
        tags: Tags<'_>,
        features: &mut Batch,
        warnings: &mut Warnings,
    ) {
        match content {
            ColumnSource::Id => features.push(Value::Integer(id)),
            ColumnSource::Attribute(attribute) => attribute.push(info, tags, features),
            ColumnSource::Tag(field) => {
                let is_read = tags.get(&field.tag).map(|text| field.kind.push(text, features));
                match is_read {
                    None => features.push(Value::Null),
                    Some(true) => {}
                    Some(false) => warnings.add(field.warning.clone(), self.kind(), id),
                }
            }
            // Nodes have no references, and geometries are added by their kind.
            ColumnSource::Refs | ColumnSource::Geometry => features.push(Value::Null),
        }
    }

    fn no_area_warning(&self) -> String {
        format!("matches rule '{}' but encloses no area", self.layer.name)
    }
}

impl RuleGeometry {
    fn kind(self) -> EntityKind {
        match self {
            Self::Point => EntityKind::Node,
            Self::Linestring | Self::Polygon => EntityKind::Way,
        }
    }
}

impl CommonAttribute {
    /// Adds the value, which stands so in the raw layers, too.
    fn push(self, info: &Info<'_>, tags: Tags<'_>, features: &mut Batch) {
        match self {
            Self::Visible => features.push(Value::Boolean(info.visible)),
            Self::Version => {
                features.push(info.version.map_or(Value::Null, |version| Value::Integer(version.into())))
            }
            // One that no calendar has was noted where the raw layer was made.
            Self::Timestamp => drop(columns::push_timestamp(info, features)),
            Self::Tags => columns::push_tags(tags, features),
            Self::Changeset => features.push(info.changeset.map_or(Value::Null, Value::Integer)),
            Self::User => columns::push_user(info, features),
        }
    }
}
