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

/// Which of the layers `node` and `way` an import makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RawLayers {
    None,
    All,
    /// Both, without nodes that have no tags.
    WithoutUntaggedNodes,
}

impl RawLayers {
    /// Both layers, with or without nodes that have no tags.
    pub(crate) fn with_untagged(untagged: bool) -> Self {
        if untagged { Self::All } else { Self::WithoutUntaggedNodes }
    }
}

/// The raw layers, then those of the mapping.
pub(crate) fn layers(
    raw: RawLayers,
    mapping: Option<&OsmMapping>,
) -> Result<Vec<Box<dyn EntityLayer>>, OsmMappingError> {
    let mut layers: Vec<Box<dyn EntityLayer>> = Vec::new();
    let nodes = match raw {
        RawLayers::None => None,
        RawLayers::All => Some(RawNodes::default()),
        RawLayers::WithoutUntaggedNodes => Some(RawNodes::default().without_untagged()),
    };
    if let Some(nodes) = nodes {
        layers.push(Box::new(nodes));
        layers.push(Box::new(RawWays::default()));
    }
    if let Some(mapping) = mapping {
        let rules = Mapping::from_json(&mapping.0)?.into_rules();
        layers.extend(rules.into_iter().map(|rule| Box::new(rule) as Box<dyn EntityLayer>));
    }
    Ok(layers)
}
