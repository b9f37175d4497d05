//! Which layers OpenStreetMap data becomes: those that hold it as it is, and those that a mapping makes.

use longhaul_osm::{EntityLayer, Mapping, MappingError, RawNodes, RawWays};
use longhaul_repository::{BadPath, DatasetPath};
use serde::{Deserialize, Serialize};

/// A mapping that has been checked from the first rule to the last, as its JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OsmMapping(String);

/// Why a mapping cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OsmMappingError {
    /// It is none, or contradicts itself.
    #[error(transparent)]
    Bad(#[from] MappingError),
    /// A repository cannot have a layer of that name.
    #[error("Error parsing mapping definition: {0}")]
    Name(#[source] BadPath),
}

impl OsmMapping {
    /// Checks a mapping.
    ///
    /// # Errors
    /// The first thing that is wrong with it, and where.
    pub fn new(json: impl Into<String>) -> Result<Self, OsmMappingError> {
        let json = json.into();
        let mapping = Mapping::from_json(&json)?;
        mapping
            .names()
            .try_for_each(|name| DatasetPath::new(name).map(drop))
            .map_err(OsmMappingError::Name)?;
        Ok(Self(json))
    }
}

impl TryFrom<String> for OsmMapping {
    type Error = OsmMappingError;

    fn try_from(json: String) -> Result<Self, OsmMappingError> {
        Self::new(json)
    }
}

impl From<OsmMapping> for String {
    fn from(mapping: OsmMapping) -> Self {
        mapping.0
    }
}

/// The layers that data becomes: `node` and `way` if it is wanted as it is, then those of a mapping.
pub(crate) fn layers(
    raw: bool,
    mapping: Option<&OsmMapping>,
) -> Result<Vec<Box<dyn EntityLayer>>, OsmMappingError> {
    let mut layers: Vec<Box<dyn EntityLayer>> = Vec::new();
    if raw {
        layers.push(Box::new(RawNodes::default()));
        layers.push(Box::new(RawWays::default()));
    }
    if let Some(mapping) = mapping {
        let rules = Mapping::from_json(&mapping.0)?.into_rules();
        layers.extend(rules.into_iter().map(|rule| Box::new(rule) as Box<dyn EntityLayer>));
    }
    Ok(layers)
}
