//! The features in which two versions of a layer differ.

use std::{sync::Arc, vec};

use gix::ObjectId;

use super::{DiffError, FeatureKey, tree_pair::TreePair};
use crate::{Interrupter, dataset::feature_path::DIGITS, layer_path::key_of, object::Id};

/// The deepest nesting of trees. A layer has four levels.
const DEEPEST: usize = 16;
/// Up to how many changes are sorted by key.
const MOST_SORTED: usize = 100_000;

/// A feature that two versions of a layer do not share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureChange {
    /// Its primary key.
    pub key: FeatureKey,
    /// The name of its file.
    pub(crate) name: Box<[u8]>,
    /// The blob that the old version has of it; `None` if the feature was added.
    pub old: Option<ObjectId>,
    /// The blob that the new version has of it; `None` if the feature was deleted.
    pub new: Option<ObjectId>,
}

/// What happened to a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// Only the new version has it.
    Added,
    /// Both versions have it, with different values.
    Changed,
    /// Only the old version has it.
    Deleted,
}

impl FeatureChange {
    fn new(change: RawChange) -> Self {
        Self {
            key: FeatureKey::of_file_name(&change.name),
            name: change.name.into(),
            old: change.old.map(Into::into),
            new: change.new.map(Into::into),
        }
    }

    /// The path of the feature in `layer`, `roads/17`, as in the entries of a [listing](crate::LsTreeEntry).
    pub fn path(&self, layer: &str) -> String {
        format!("{layer}/{}", self.id())
    }

    /// The part of its path that names it in its layer: its key, or the name of its file where the key cannot be part of a path.
    pub fn id(&self) -> String {
        key_of(self.name[..].into())
    }

    /// What happened to the feature.
    pub fn kind(&self) -> ChangeKind {
        ChangeKind::of(self.old.is_some(), self.new.is_some())
    }
}

impl ChangeKind {
    /// By which of the two versions have the feature.
    pub(crate) fn of(is_in_old: bool, is_in_new: bool) -> Self {
        match (is_in_old, is_in_new) {
            (true, true) => Self::Changed,
            (true, false) => Self::Deleted,
            (false, _) => Self::Added,
        }
    }
}

/// A change with the name of the feature's file.
pub(crate) struct RawChange {
    /// The names of the trees that lead to it.
    pub(crate) folder: Arc<[Vec<u8>]>,
    pub(crate) name: Vec<u8>,
    pub(crate) old: Option<Id>,
    pub(crate) new: Option<Id>,
}

/// The features in which two versions of a layer differ, sorted by key.
///
/// Where more than 100,000 differ, all but the first 100,000 come in the order of their trees, so that memory stays bounded. For
/// whole numbers from 0 to 2^30 that is the order of the keys, too.
///
/// Trees are read while the iterator advances. It ends after the first error.
pub struct FeatureChanges {
    sorted: vec::IntoIter<FeatureChange>,
    rest: InTreeOrder,
}

impl FeatureChanges {
    pub(super) fn new(mut changes: RawChanges) -> Result<Self, DiffError> {
        let mut first = Vec::new();
        while first.len() < MOST_SORTED
            && let Some(leaf) = changes.next_leaf()?
        {
            first.extend(leaf.into_iter().map(FeatureChange::new));
        }
        first.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self { sorted: first.into_iter(), rest: InTreeOrder { leaf: Vec::new().into_iter(), changes } })
    }
}

impl Iterator for FeatureChanges {
    type Item = Result<FeatureChange, DiffError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.sorted.next().map(Ok).or_else(|| self.rest.next())
    }
}

/// The changes in the order of their trees, those of one tree sorted by key.
struct InTreeOrder {
    leaf: vec::IntoIter<FeatureChange>,
    changes: RawChanges,
}

impl Iterator for InTreeOrder {
    type Item = Result<FeatureChange, DiffError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(change) = self.leaf.next() {
                return Some(Ok(change));
            }
            let leaf = match self.changes.next_leaf().transpose()? {
                Ok(leaf) => leaf,
                Err(error) => return Some(Err(error)),
            };
            let mut leaf: Vec<_> = leaf.into_iter().map(FeatureChange::new).collect();
            leaf.sort_by(|a, b| a.key.cmp(&b.key));
            self.leaf = leaf.into_iter();
        }
    }
}

/// The differences of two `feature` trees, a tree at a time.
pub(crate) struct RawChanges {
    git: gix::Repository,
    /// The trees that are still to be compared, the next one last.
    open: Vec<OpenPair>,
    interrupter: Interrupter,
}

struct OpenPair {
    old: Option<Id>,
    new: Option<Id>,
    /// The names of the trees from the root down to these.
    folder: Arc<[Vec<u8>]>,
}

impl RawChanges {
    pub(crate) fn new(
        git: gix::Repository,
        old: Option<Id>,
        new: Option<Id>,
        interrupter: &Interrupter,
    ) -> Self {
        let open = if old == new { Vec::new() } else { vec![OpenPair { old, new, folder: Arc::default() }] };
        Self { git, open, interrupter: interrupter.clone() }
    }

    /// The changes in the next tree that has some; `None` at the end and after an error.
    pub(crate) fn next_leaf(&mut self) -> Result<Option<Vec<RawChange>>, DiffError> {
        while let Some(pair) = self.open.pop() {
            let compared = self.compare(&pair);
            if compared.is_err() {
                self.open.clear();
            }
            let changes = compared?;
            if !changes.is_empty() {
                return Ok(Some(changes));
            }
        }
        Ok(None)
    }

    /// The files in which two trees differ. The trees in them that differ are opened.
    fn compare(&mut self, pair: &OpenPair) -> Result<Vec<RawChange>, DiffError> {
        self.interrupter.check()?;
        if pair.folder.len() > DEEPEST {
            return Err(gix::Error::from(gix::error::message("features lie too deep")).into());
        }
        let mut changes = Vec::new();
        let mut trees = Vec::new();
        for entry in TreePair::read(&self.git, pair.old, pair.new)? {
            if entry.is_tree {
                trees.push((digit(&entry.name), entry));
            } else {
                changes.push(RawChange {
                    folder: pair.folder.clone(),
                    name: entry.name,
                    old: entry.old,
                    new: entry.new,
                });
            }
        }
        // The alphabet of the trees' names is not in the order of bytes.
        trees.sort_by_key(|(digit, _)| *digit);
        self.open.extend(trees.into_iter().rev().map(|(_, entry)| OpenPair {
            old: entry.old,
            new: entry.new,
            folder: pair.folder.iter().cloned().chain([entry.name]).collect(),
        }));
        Ok(changes)
    }
}

/// The value of a tree's name as a digit; names that are none come last.
fn digit(name: &[u8]) -> usize {
    let digit = |byte| DIGITS.iter().position(|digit| *digit == byte);
    match name {
        [byte] => digit(*byte).unwrap_or(DIGITS.len()),
        _ => DIGITS.len(),
    }
}
