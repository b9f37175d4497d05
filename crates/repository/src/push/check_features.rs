//! Checks the features of a layer.

use std::collections::{HashMap, HashSet};

use longhaul_geodata::Value;

use super::Fault;
use crate::{
    dataset::{
        Scheme,
        feature::Feature,
        feature_path::{DIGITS, LEVELS, packed_key, unpack_key, unpack_keys},
        feature_tree::DEEPEST,
        stored::{StoredDataset, read, read_tree},
        tree::{EntryMode, TreeEntry},
    },
    object::Id,
};

/// Checks the features of one layer.
pub(super) struct FeatureCheck<'a> {
    git: &'a gix::Repository,
    layer: &'a StoredDataset,
    scheme: Option<Scheme>,
    /// The trees that were read: one that comes again would have the same keys again.
    trees: HashSet<Id>,
    /// The names of the trees above, below the tree of features.
    above: Vec<Vec<u8>>,
}

impl<'a> FeatureCheck<'a> {
    pub(super) fn new(git: &'a gix::Repository, layer: &'a StoredDataset, scheme: Option<Scheme>) -> Self {
        Self { git, layer, scheme, trees: HashSet::new(), above: Vec::new() }
    }

    /// Checks the features in the tree `new` that are not at the same place in `old`.
    pub(super) fn check(mut self, old: Option<Id>, new: Id) -> Result<(), Fault> {
        self.check_tree(old, new)
    }

    fn check_tree(&mut self, old: Option<Id>, new: Id) -> Result<(), Fault> {
        if self.above.len() > DEEPEST || !self.trees.insert(new) {
            return Err(Fault::new("its features are not where Kart looks for them"));
        }
        let before = old.map_or_else(|| Ok(Vec::new()), |old| read_tree(self.git, old))?;
        let before: HashMap<&[u8], &TreeEntry> =
            before.iter().map(|entry| (&entry.name[..], entry)).collect();
        for entry in read_tree(self.git, new)? {
            let old = before.get(&entry.name[..]).copied();
            if old == Some(&entry) {
                continue;
            }
            match entry.mode {
                EntryMode::Tree => {
                    let old = old.filter(|old| old.mode == EntryMode::Tree).map(|old| old.id);
                    self.above.push(entry.name);
                    self.check_tree(old, entry.id)?;
                    self.above.pop();
                }
                EntryMode::Blob => self.check_feature(&entry)?,
                EntryMode::Other(_) => {
                    return Err(self.at(&entry.name, "is neither a folder nor a plain file"));
                }
            }
        }
        Ok(())
    }

    fn check_feature(&self, entry: &TreeEntry) -> Result<(), Fault> {
        let is_not = |reason| self.at(&entry.name, reason);
        let packed = packed_key(&entry.name).ok_or_else(|| is_not("is not named after a primary key"))?;
        let keys = unpack_keys(&packed).ok_or_else(|| is_not("is not named after a primary key"))?;
        if !self.is_in_its_tree(&packed) {
            return Err(is_not("is not in the folder where Kart looks for it"));
        }
        let blob = read(self.git, entry.id)?;
        let feature = Feature::decode(&blob).ok_or_else(|| is_not("is malformed"))?;
        let legend = self.layer.legends.get(feature.legend);
        let legend = legend.ok_or_else(|| is_not("names a legend that is missing"))?;
        match keys.len() == legend.keys.len() && feature.values.len() == legend.values.len() {
            true => Ok(()),
            false => Err(is_not("does not have the values that its legend names")),
        }
    }

    /// Whether the feature is where its key puts it.
    fn is_in_its_tree(&self, packed: &[u8]) -> bool {
        let Some(scheme) = self.scheme else { return true };
        let tree = match (scheme, unpack_key(packed)) {
            (Scheme::Int, Some(Value::Integer(key))) => Scheme::tree_of_integer(key),
            (Scheme::Int, _) => return false,
            (Scheme::Hash, _) => Scheme::tree_of_hash(packed),
        };
        let digit = |level: usize| DIGITS[(tree >> (6 * level) & 63) as usize];
        self.above.len() == LEVELS
            && self.above.iter().zip((0..LEVELS).rev()).all(|(name, level)| name[..] == [digit(level)])
    }

    fn at(&self, name: &[u8], reason: &str) -> Fault {
        let path = self.above.iter().map(|name| &name[..]).chain([name]);
        let path = path.map(String::from_utf8_lossy).collect::<Vec<_>>().join("/");
        let path: String = path.chars().take(200).collect();
        Fault::Refused(format!("the feature {} {reason}", path.escape_debug()))
    }
}
