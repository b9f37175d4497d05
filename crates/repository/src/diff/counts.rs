//! How many features differ between two versions of a layer.

use gix::ObjectId;
use longhaul_geodata::geometry::Extent;

use super::{
    DiffError,
    feature_changes::{ChangeKind, RawChanges},
    path_filter::PathFilter,
};
use crate::{
    Commit, Interrupter, LayerChanges, Repository,
    dataset::stored::{find, read_tree},
    dataset::tree::EntryMode,
    object::{Id, bytes},
};

/// How many features differ between two versions of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeatureCounts {
    /// Those that only the new version has.
    pub added: u64,
    /// Those that both versions have, with different values.
    pub changed: u64,
    /// Those that only the old version has.
    pub deleted: u64,
}

impl FeatureCounts {
    /// Counts one more feature.
    pub(crate) fn add(&mut self, kind: ChangeKind) {
        match kind {
            ChangeKind::Added => self.added += 1,
            ChangeKind::Changed => self.changed += 1,
            ChangeKind::Deleted => self.deleted += 1,
        }
    }
}

impl std::iter::Sum for FeatureCounts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, counts| Self {
            added: sum.added + counts.added,
            changed: sum.changed + counts.changed,
            deleted: sum.deleted + counts.deleted,
        })
    }
}

impl Repository {
    /// Remembers what a commit changes.
    pub(crate) fn remember_changes(&self, changes: &[LayerChanges]) {
        let table = self.change_table();
        for layer in changes {
            table.remember_counts(layer.old, layer.new, layer.counts);
            if let (Some(tree), Some(extent)) = (layer.new, layer.extent) {
                table.remember_extent(tree, extent);
            }
        }
    }

    /// The extent of a layer, given by its tree, if an import has stored it.
    pub(crate) fn remembered_extent(&self, tree: ObjectId) -> Option<Extent> {
        self.change_table().extent(tree)
    }

    /// How many features a commit changes of these layers, features and folders, or of all if there are no paths, compared to its
    /// first parent.
    ///
    /// # Errors
    /// If the commits cannot be read, or it is interrupted.
    pub fn commit_counts(
        &self,
        commit: &Commit,
        paths: &[String],
        interrupter: &Interrupter,
    ) -> Result<FeatureCounts, DiffError> {
        // Beyond the edge of a shallow clone there is nothing to compare with.
        let parent = commit.parents.first().copied().filter(|parent| self.git().has_object(*parent));
        let filter = PathFilter::new(paths);
        let layers = self.diff(parent, Some(commit.id), interrupter)?.layers;
        let counts = layers.into_iter().filter(|layer| filter.touches(layer.path.as_str())).map(|layer| {
            if filter.covers(layer.path.as_str()) {
                return self.count_changes(layer.old, layer.new, interrupter);
            }
            let mut counts = FeatureCounts::default();
            for change in self.layer_diff(&layer)?.features(interrupter)? {
                let change = change?;
                if filter.covers(&change.path(layer.path.as_str())) {
                    counts.add(change.kind());
                }
            }
            Ok(counts)
        });
        counts.sum()
    }

    /// How many features differ between two versions of a layer, given by their trees as in
    /// [`ChangedLayer`](super::ChangedLayer). Features are not decoded, and the result is remembered.
    ///
    /// # Errors
    /// If a tree cannot be read, or it is interrupted.
    pub fn count_changes(
        &self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        interrupter: &Interrupter,
    ) -> Result<FeatureCounts, DiffError> {
        let table = self.change_table();
        if let Some(counts) = table.counts(old, new) {
            return Ok(counts);
        }
        let git = self.git();
        let (old_features, new_features) = (feature_tree(&git, old)?, feature_tree(&git, new)?);
        let mut changes = RawChanges::new(git, old_features, new_features, interrupter);
        let mut counts = FeatureCounts::default();
        while let Some(leaf) = changes.next_leaf()? {
            for change in leaf {
                counts.add(ChangeKind::of(change.old.is_some(), change.new.is_some()));
            }
        }
        table.remember_counts(old, new, counts);
        Ok(counts)
    }
}

/// The `feature` tree of a layer's tree.
fn feature_tree(git: &gix::Repository, layer: Option<ObjectId>) -> Result<Option<Id>, DiffError> {
    let Some(layer) = layer else { return Ok(None) };
    Ok(find(&read_tree(git, bytes(layer))?, "feature", EntryMode::Tree))
}
