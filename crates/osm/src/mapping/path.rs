//! Reads JSON values of the expected types. Errors name the place in the mapping.

use super::{error::MappingError, json::Json};

/// A place in a mapping, as it is shown in errors: `rule 'roads', field 'lanes'`.
pub(super) struct MappingPath(pub(super) String);

impl MappingPath {
    pub(super) fn rule(name: &str) -> Self {
        Self(format!("rule '{name}'"))
    }

    pub(super) fn error(&self, reason: impl Into<String>) -> MappingError {
        MappingError::Form { path: self.0.clone(), reason: reason.into() }
    }

    /// The members with these names; null counts as missing. Other members and repeated members are errors.
    pub(super) fn members<const N: usize>(
        &self,
        json: Json,
        names: [&str; N],
    ) -> Result<[Option<Json>; N], MappingError> {
        let mut found = [const { None }; N];
        for (name, value) in self.object("it", json)? {
            let at = names.iter().position(|known| *known == name);
            let at = at.ok_or_else(|| {
                self.error(format!("there is no '{name}'; it may have {}", names.join(", ")))
            })?;
            found[at] = (value != Json::Null).then_some(value);
        }
        Ok(found)
    }

    pub(super) fn required(&self, name: &str, value: Option<Json>) -> Result<Json, MappingError> {
        value.ok_or_else(|| self.error(format!("'{name}' is missing")))
    }

    pub(super) fn text(&self, name: &str, json: Json) -> Result<String, MappingError> {
        match json {
            Json::Text(text) => Ok(text),
            other => Err(self.error(format!("'{name}' must be a text and is {}", other.type_name()))),
        }
    }

    pub(super) fn list(&self, name: &str, json: Json) -> Result<Vec<Json>, MappingError> {
        match json {
            Json::List(list) => Ok(list),
            other => Err(self.error(format!("'{name}' must be a list and is {}", other.type_name()))),
        }
    }

    pub(super) fn texts(&self, name: &str, json: Json) -> Result<Vec<String>, MappingError> {
        self.list(name, json)?.into_iter().map(|item| self.text(name, item)).collect()
    }

    pub(super) fn object(&self, name: &str, json: Json) -> Result<Vec<(String, Json)>, MappingError> {
        let members = match json {
            Json::Object(members) => members,
            other => {
                return Err(self.error(format!("'{name}' must be an object and is {}", other.type_name())));
            }
        };
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(self.error(format!("'{}' stands there twice", pair[0]))),
            None => Ok(members),
        }
    }
}
