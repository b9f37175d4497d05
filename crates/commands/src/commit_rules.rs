//! What a request, or a repository, demands of a commit.

use std::{fmt, str::FromStr};

use longhaul_repository::{LayerChanges, Repository, SchemaChange};
use serde::{Deserialize, Serialize};

/// What a request demands of a commit, and what is to happen to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommitRules {
    /// The guards. Those that are not given are the repository's.
    pub guards: Guards,
    /// The commit that the branch must stand at; forty zeros for a branch that is not there yet.
    pub if_head: Option<String>,
    /// The tree of the commit, as a dry run has shown it.
    pub expected_tree: Option<String>,
    /// Whether everything but the commit is done.
    pub dry_run: bool,
    /// Whether an import without changes is finished instead of failed.
    pub finish_unchanged: bool,
}

impl CommitRules {
    /// Whether nothing is demanded; the stored form of a job then omits the rules.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a commit must not do to a layer that is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Guards {
    /// How many of its features may be deleted.
    pub max_deletes: Option<MaxDeletes>,
    /// Whether its columns and the types of their values and geometries must stay.
    pub same_schema: Option<bool>,
    /// Whether its coordinate reference systems must stay.
    pub same_crs: Option<bool>,
}

/// How many features of a layer may be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MaxDeletes {
    /// So many.
    Features(u64),
    /// So many of a hundred.
    Percent(f64),
}

/// A text that is not a number of features or a percentage.
#[derive(Debug, thiserror::Error)]
#[error("must be a number of features, or a percentage such as 10%")]
pub struct InvalidMaxDeletes;

impl FromStr for MaxDeletes {
    type Err = InvalidMaxDeletes;

    fn from_str(text: &str) -> Result<Self, InvalidMaxDeletes> {
        match text.strip_suffix('%') {
            None => text.parse().map(Self::Features).map_err(|_| InvalidMaxDeletes),
            Some(percent) => {
                let percent = percent.trim().parse().ok().filter(|percent| (0.0..=100.0).contains(percent));
                percent.map(Self::Percent).ok_or(InvalidMaxDeletes)
            }
        }
    }
}

impl TryFrom<String> for MaxDeletes {
    type Error = InvalidMaxDeletes;

    fn try_from(text: String) -> Result<Self, InvalidMaxDeletes> {
        text.parse()
    }
}

impl From<MaxDeletes> for String {
    fn from(max: MaxDeletes) -> Self {
        max.to_string()
    }
}

impl fmt::Display for MaxDeletes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Features(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl MaxDeletes {
    fn allows(self, deleted: u64, of: u64) -> bool {
        match self {
            Self::Features(count) => deleted <= count,
            Self::Percent(percent) => deleted as f64 * 100.0 <= percent * of as f64,
        }
    }
}

/// Reasons why a commit is held back.
#[derive(Debug, thiserror::Error)]
#[error("held back, nothing was changed: {}", .0.join("; "))]
pub(crate) struct HeldBack(Vec<String>);

impl Guards {
    /// The keys of the repository's configuration with the guards.
    pub const KEYS: [&'static str; 3] = ["longhaul.maxDeletes", "longhaul.sameSchema", "longhaul.sameCrs"];

    /// Sets one guard by its key in the configuration, in any letter case. `false` if there is no such key.
    ///
    /// # Errors
    /// If the value is none of the guard's; the text follows its name.
    pub fn set(&mut self, key: &str, value: &str) -> Result<bool, String> {
        let flag = |value: &str| match value.to_ascii_lowercase().as_str() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err("must be true or false".to_owned()),
        };
        match Self::KEYS.iter().position(|known| known.eq_ignore_ascii_case(key)) {
            Some(0) => {
                self.max_deletes = Some(value.parse().map_err(|error: InvalidMaxDeletes| error.to_string())?);
            }
            Some(1) => self.same_schema = flag(value)?,
            Some(2) => self.same_crs = flag(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// These guards without those of the repository, which are about deliveries.
    pub(crate) fn without_those_of_repository(self) -> Self {
        Self {
            max_deletes: self.max_deletes.or(Some(MaxDeletes::Percent(100.0))),
            same_schema: self.same_schema.or(Some(false)),
            same_crs: self.same_crs.or(Some(false)),
        }
    }

    /// The guards that the configuration of the repository sets.
    fn of_repository(repository: &Repository) -> anyhow::Result<Self> {
        let mut guards = Self::default();
        for key in Self::KEYS {
            if let Some(value) = repository.config_value(key) {
                let invalid = |error| anyhow::anyhow!("{key} in the configuration of the repository {error}");
                guards.set(key, &value).map_err(invalid)?;
            }
        }
        Ok(guards)
    }

    /// Fails if a guard of the request, or else one of the repository, does not allow the changes.
    pub(crate) fn check(&self, repository: &Repository, changes: &[LayerChanges]) -> anyhow::Result<()> {
        let default = Self::of_repository(repository)?;
        let guards = Self {
            max_deletes: self.max_deletes.or(default.max_deletes),
            same_schema: self.same_schema.or(default.same_schema),
            same_crs: self.same_crs.or(default.same_crs),
        };
        let reasons: Vec<String> = changes.iter().flat_map(|layer| guards.reasons(layer)).collect();
        if reasons.is_empty() { Ok(()) } else { Err(HeldBack(reasons).into()) }
    }

    fn reasons(&self, layer: &LayerChanges) -> Vec<String> {
        let path = &layer.path;
        let mut reasons = Vec::new();
        let (deleted, before) = (layer.counts.deleted, layer.features_before());
        if let Some(max) = self.max_deletes.filter(|max| !max.allows(deleted, before)) {
            reasons.push(format!(
                "layer '{path}' would lose {deleted} of {before} features, and maxDeletes is {max}"
            ));
        }
        for change in &layer.schema {
            let (is_held, guard) = match change {
                SchemaChange::CrsChanged { .. } => (self.same_crs, "sameCrs"),
                _ => (self.same_schema, "sameSchema"),
            };
            if is_held == Some(true) {
                reasons.push(format!("layer '{path}': {change}, and {guard} is set"));
            }
        }
        reasons
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;

    #[test]
    fn the_most_deletions_are_a_number_or_a_percentage() {
        for (text, deleted, of, is_allowed) in [
            ("10", 10, 1000, true),
            ("10", 11, 1000, false),
            ("0", 0, 0, true),
            ("10%", 100, 1000, true),
            ("10%", 101, 1000, false),
            ("0.5%", 1, 200, true),
            ("0%", 1, 1_000_000, false),
            ("100%", 7, 7, true),
        ] {
            let max: MaxDeletes = text.parse().unwrap();
            assert_eq!(max.allows(deleted, of), is_allowed, "{text}: {deleted} of {of}");
            assert_eq!(max.to_string(), text);
        }
        for bad in ["", "-1", "x", "%", "101%", "-1%", "NaN%", "inf%", "1.5"] {
            assert!(bad.parse::<MaxDeletes>().is_err(), "{bad}");
        }
    }

    #[test]
    fn rules_are_stored_and_those_of_older_jobs_are_the_default() {
        let mut guards = Guards { same_crs: Some(true), ..Guards::default() };
        assert_eq!(guards.set("LONGHAUL.maxdeletes", "5%"), Ok(true));
        assert_eq!(guards.set("longhaul.sameSchema", "FALSE"), Ok(true));
        assert_eq!(guards.set("user.name", "x"), Ok(false));
        guards.set("longhaul.sameCrs", "1").unwrap_err();
        let rules = CommitRules { guards, dry_run: true, ..CommitRules::default() };
        let stored = serde_json::to_string(&rules).unwrap();
        assert_eq!(serde_json::from_str::<CommitRules>(&stored).unwrap(), rules);
        assert!(serde_json::from_str::<CommitRules>("{}").unwrap().is_default());
    }
}
