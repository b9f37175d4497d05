//! The layers of an import of OpenStreetMap data: the raw layers, and those of a mapping.

use longhaul_osm::{EntityLayer, Mapping, MappingError, RawNodes, RawWays};
use longhaul_repository::{BadPath, DatasetPath};
use serde::{Deserialize, Serialize};

/// The JSON of a valid mapping.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OsmMapping(String);

/// Why a mapping cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OsmMappingError {
    /// The mapping is invalid.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The name of a rule cannot be the name of a layer in a repository.
    #[error("Error parsing mapping definition: {0}")]
    Name(#[source] BadPath),
}

impl OsmMapping {
    /// Checks a mapping.
    ///
    /// # Errors
    /// The first error, and its place.
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

/// The layers `node` and `way` if `raw` is set, then those of the mapping.
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
