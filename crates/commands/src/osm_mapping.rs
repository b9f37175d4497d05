//! The layers of an import of OpenStreetMap data: the raw layers, and those of a mapping.

use longhaul_osm::{EntityLayer, Mapping, MappingError, RawNodes, RawWays};
use longhaul_repository::{BadPath, DatasetPath, Repository};
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
    /// The layer of a rule cannot be beside a layer that the repository has.
    #[error("Error parsing mapping definition: rule '{rule}': {reason}")]
    Place {
        /// The rule.
        rule: String,
        /// What is in the way.
        reason: String,
    },
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

    /// Checks that no layer of a rule would be inside a layer that a branch has, or have one inside. `None` is the branch
    /// that HEAD refers to.
    ///
    /// # Errors
    /// The first rule whose layer would be. What cannot be read of the repository is left to the task.
    pub fn check_places(&self, repository: &Repository, branch: Option<&str>) -> Result<(), OsmMappingError> {
        let head = || repository.head_branch().ok().flatten();
        let tip = branch.map(str::to_owned).or_else(head);
        let tip = tip.and_then(|branch| repository.branch_tip(&branch).ok().flatten());
        let layers = tip.and_then(|tip| repository.datasets(tip).ok()).unwrap_or_default();
        let is_inside = |inner: &str, outer: &str| {
            inner.to_lowercase().strip_prefix(&outer.to_lowercase()).is_some_and(|rest| rest.starts_with('/'))
        };
        for rule in Mapping::from_json(&self.0)?.names() {
            for layer in layers.iter().map(DatasetPath::as_str) {
                let reason = if is_inside(rule, layer) {
                    format!("its layer would be inside the layer '{layer}'")
                } else if is_inside(layer, rule) {
                    format!("the layer '{layer}' would be inside its layer")
                } else {
                    continue;
                };
                return Err(OsmMappingError::Place { rule: rule.to_owned(), reason });
            }
        }
        Ok(())
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
