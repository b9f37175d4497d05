//! The features that the branch has of a layer that is imported again.

use std::collections::{HashMap, HashSet};

use longhaul_geodata::Value;

use super::{
    Mode, StageError,
    feature_entries::{EntryKey, FeatureEntries, LONGEST_NAME},
};
use crate::{
    DatasetError, FeatureCounts, Interrupted, Interrupter,
    dataset::{
        Scheme,
        feature::{Feature, FeatureEncoder},
        feature_path::{packed_key, unpack_key},
        feature_tree::FeatureTreeWalk,
        legend::Legend,
        stored::{StoredDataset, read},
        tree::EntryMode,
    },
    object::Id,
};

/// The features of the previous version by key, and how to compare them with rows of the new one.
pub(super) struct PreviousFeatures {
    by_key: ByKey,
    /// How many features there are whose names encode no key of this kind. They are never kept.
    others: u64,
    /// Its trees, which need not be written again.
    pub(super) trees: HashSet<Id>,
    mappings: HashMap<String, LegendMapping>,
}

/// Feature ids by key; keys other than integers by file name.
enum ByKey {
    Int(HashMap<i64, Id>),
    Named(HashMap<Box<[u8]>, Id>),
}

/// For each value of the new legend, its position in the old legend.
struct LegendMapping(Vec<Option<usize>>);

impl PreviousFeatures {
    pub(super) fn read(
        git: &gix::Repository,
        dataset: &StoredDataset,
        legend: &Legend,
        scheme: Scheme,
        mode: Mode,
        interrupter: &Interrupter,
    ) -> Result<Self, StageError> {
        let mut by_key = ByKey::new(scheme);
        let mut trees = HashSet::new();
        let mut others = 0;
        for entry in FeatureTreeWalk::new(git.clone(), dataset.feature_tree()) {
            interrupter.check()?;
            let entry = entry?;
            if entry.mode == EntryMode::Tree {
                trees.insert(entry.id);
            } else {
                let is_known = entry.mode == EntryMode::Blob && by_key.insert(&entry.name, entry.id);
                if !is_known && mode == Mode::Add {
                    return Err(DatasetError::Malformed("the name of a feature").into());
                }
                others += u64::from(!is_known && entry.mode == EntryMode::Blob);
            }
        }
        let name = legend.name();
        let legends = dataset.legends.iter().filter(|(other, _)| **other != name);
        Ok(Self {
            by_key,
            others,
            trees,
            mappings: legends
                .filter(|(_, old)| old.keys == legend.keys)
                .map(|(name, old)| (name.clone(), LegendMapping::between(old, legend)))
                .collect(),
        })
    }

    /// How many features there are.
    pub(super) fn len(&self) -> u64 {
        let known = match &self.by_key {
            ByKey::Int(ids) => ids.len(),
            ByKey::Named(ids) => ids.len(),
        };
        known as u64 + self.others
    }

    /// What writing these features changes, without those that are deleted.
    pub(super) fn counts(
        &self,
        written: &FeatureEntries,
        interrupter: &Interrupter,
    ) -> Result<FeatureCounts, Interrupted> {
        const BETWEEN_CHECKS: usize = 1 << 15;
        let mut counts = FeatureCounts::default();
        for (at, (key, id)) in written.iter().enumerate() {
            if at % BETWEEN_CHECKS == 0 {
                interrupter.check()?;
            }
            let old = match key {
                EntryKey::Integer(key) => self.of_integer(key),
                EntryKey::Named(name) => self.of_name(name),
            };
            match old {
                None => counts.added += 1,
                Some(old) if old != id => counts.changed += 1,
                Some(_) => {}
            }
        }
        Ok(counts)
    }

    pub(super) fn of_integer(&self, key: i64) -> Option<Id> {
        match &self.by_key {
            ByKey::Int(ids) => ids.get(&key).copied(),
            ByKey::Named(_) => None,
        }
    }

    /// All keys, ascending, where keys are integers.
    pub(super) fn integer_keys(&self) -> Vec<i64> {
        let mut keys: Vec<i64> = match &self.by_key {
            ByKey::Int(ids) => ids.keys().copied().collect(),
            ByKey::Named(_) => Vec::new(),
        };
        keys.sort_unstable();
        keys
    }

    /// The highest key, where keys are integers.
    pub(super) fn highest(&self) -> Option<i64> {
        match &self.by_key {
            ByKey::Int(ids) => ids.keys().copied().max(),
            ByKey::Named(_) => None,
        }
    }

    pub(super) fn of_name(&self, name: &[u8]) -> Option<Id> {
        match &self.by_key {
            ByKey::Int(_) => None,
            ByKey::Named(ids) => ids.get(name).copied(),
        }
    }

    /// Whether the feature `old`, of another legend, has the same values as `blob`, so that it can stay as it is.
    pub(super) fn is_equivalent(
        &self,
        git: &gix::Repository,
        old: Id,
        blob: &[u8],
        encoder: &FeatureEncoder,
        scratch: &mut Vec<u8>,
    ) -> Result<bool, DatasetError> {
        if self.mappings.is_empty() {
            return Ok(false);
        }
        // A feature that is missing, as in a partial clone, or damaged is replaced.
        if !git.has_object(gix::ObjectId::from(old)) {
            return Ok(false);
        }
        let bytes = read(git, old)?;
        let Some(feature) = Feature::decode(&bytes) else { return Ok(false) };
        let Some(mapping) = self.mappings.get(feature.legend) else {
            return Ok(false);
        };
        encoder.encode_values(mapping.apply(&feature.values), scratch);
        Ok(scratch == blob)
    }

    /// The features in the form in which new ones are collected, sorted.
    pub(super) fn into_feature_entries(
        self,
        interrupter: &Interrupter,
    ) -> Result<FeatureEntries, Interrupted> {
        let mut feature_entries;
        match self.by_key {
            ByKey::Int(ids) => {
                feature_entries = FeatureEntries::new(Scheme::Int);
                ids.into_iter().for_each(|(key, id)| feature_entries.push_integer(key, id));
            }
            ByKey::Named(ids) => {
                feature_entries = FeatureEntries::new(Scheme::Hash);
                for (name, id) in ids {
                    let packed = packed_key(&name).unwrap_or_default();
                    feature_entries.push_named(&packed, &String::from_utf8_lossy(&name), id);
                }
            }
        }
        feature_entries.sort(interrupter)?.expect("a map holds each key once");
        Ok(feature_entries)
    }
}

impl ByKey {
    fn new(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Int => Self::Int(HashMap::new()),
            Scheme::Hash => Self::Named(HashMap::new()),
        }
    }

    /// Adds a feature. `false` if the name does not encode a key of this kind.
    fn insert(&mut self, name: &[u8], id: Id) -> bool {
        let Some(packed) = packed_key(name).filter(|_| name.len() <= LONGEST_NAME) else { return false };
        match (self, unpack_key(&packed)) {
            (Self::Int(ids), Some(Value::Integer(key))) => {
                ids.insert(key, id);
            }
            (Self::Named(ids), Some(_)) => {
                ids.insert(name.into(), id);
            }
            _ => return false,
        }
        true
    }
}

impl LegendMapping {
    fn between(old: &Legend, new: &Legend) -> Self {
        let at = |id: &String| old.values.iter().position(|other| other == id);
        Self(new.values.iter().map(at).collect())
    }

    fn apply<'a>(&'a self, values: &'a [Value<'a>]) -> impl Iterator<Item = Value<'a>> {
        let value = |at: usize| values.get(at).copied();
        self.0.iter().map(move |at| at.and_then(value).unwrap_or(Value::Null))
    }
}
