//! Mappings: rules that turn entities into features of layers, and tags into columns.
//!
//! ```json
//! {"rules": [{"name": "roads",
//!             "filter": {"highway": ["primary", "secondary"], "geom": ["open"]},
//!             "exclude": {"access": ["private"], "name": null},
//!             "fields": {"lanes": {"name": "lanes", "type": "INTEGER"}, "way": {"name": "way", "type": "LINESTRING"}},
//!             "defaultFields": ["timestamp"]}]}
//! ```
//!
//! This is GeoGig's grammar. Each rule that matches an entity adds a feature to the layer with the name of the rule; its
//! key is the id of the entity. POINT rules match nodes, LINESTRING and POLYGON rules match ways.
//!
//! Differences from GeoGig: the whole mapping is checked before it is used; an empty `filter` does not disable `exclude`;
//! `geom` may be the only member of `filter`; and a value that does not fit the type of its column becomes null and a
//! warning.

mod columns;
mod error;
mod field_type;
mod filter;
mod json;
mod parse;
mod path;
mod ring;
mod rule;
mod simplicity;

pub use error::MappingError;
pub use rule::Rule;

/// A mapping: at least one rule, in the order of the file.
#[derive(Debug)]
pub struct Mapping(Vec<Rule>);

impl Mapping {
    /// Parses a mapping and checks all of it.
    ///
    /// # Errors
    /// The first error, with the rule and the field that it is in.
    pub fn from_json(text: &str) -> Result<Self, MappingError> {
        parse::rules(text).map(Self)
    }

    /// The names of the layers, which are the names of the rules.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Rule::name)
    }

    /// The rules. Each of them is an [`EntityLayer`](crate::EntityLayer).
    pub fn into_rules(self) -> Vec<Rule> {
        self.0
    }
}
