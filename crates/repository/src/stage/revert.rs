//! Undoes what other commits have changed, three-way: what changed again since then is a conflict.
//!
//! The versions are `undone`, what the commits to undo led to; `restored`, what was there before; and `current`, the branch.
//! Where `current` is as `undone`, it becomes as `restored`; where it is as `restored` already, it stays.

use std::collections::BTreeMap;

use gix::ObjectId;

use super::{LayerChanges, Stage, StageError, feature_lookup::FeatureLookup, tree_edits::TreeEdits};
use crate::{
    ChangedLayer, CommitDiff, DatasetPath, FeatureCounts, Interrupter, KartColumn,
    dataset::{
        FOLDER,
        feature_tree::FeatureTreeWalk,
        stored::{StoredDataset, find, read_tree},
        tree::{EntryMode, TreeEntry},
    },
    diff::{ChangeKind, RawChanges},
    object::{Id, bytes},
    schema_changes,
};

/// How many conflicts are named.
const MOST_CONFLICTS: usize = 100;

/// Why something cannot be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevertConflict {
    /// The layer, feature (`roads/17`), piece of metadata (`roads:title`) or file.
    pub path: String,
    /// What is in the way, in words.
    pub reason: &'static str,
}

impl Stage {
    /// Stages the content of the branch without what changed between the commits `restored` and `undone`. A missing `restored` is a
    /// commit without layers. Then [`Self::commit`] makes the commit.
    ///
    /// Returns the conflicts, at most a hundred of them; if there are some, the stage must be dropped.
    ///
    /// # Errors
    /// If the commits cannot be read, the disk fails, or it is interrupted.
    pub fn revert(
        &mut self,
        undone: ObjectId,
        restored: Option<ObjectId>,
    ) -> Result<Vec<RevertConflict>, StageError> {
        let git = self.repository.git();
        let diff = self.repository.diff(Some(undone), restored, &self.interrupter)?;
        let current = self.parent.map(ObjectId::from);
        let mut revert = Revert {
            git: &git,
            interrupter: &self.interrupter,
            current: match current {
                Some(current) => Some(bytes(git.find_commit(current)?.tree_id()?.detach())),
                None => None,
            },
            edits: TreeEdits::default(),
            conflicts: Vec::new(),
        };
        let CommitDiff { layers, files } = diff;
        for file in files {
            revert.file(&file.path, file.old, file.new)?;
        }
        for layer in layers {
            if revert.conflicts.len() >= MOST_CONFLICTS {
                break;
            }
            let changes = revert.layer(&mut self.sink, &layer)?;
            self.changes.extend(changes);
        }
        let Revert { edits, mut conflicts, current, .. } = revert;
        conflicts.truncate(MOST_CONFLICTS);
        if conflicts.is_empty() {
            self.reverted = Some(edits.write(&git, current, &mut self.sink, &self.interrupter)?);
            self.count_replaced_layers()?;
        }
        Ok(conflicts)
    }

    /// Counts the changes of layers that were replaced as a whole; both of their trees are in the repository.
    fn count_replaced_layers(&mut self) -> Result<(), StageError> {
        let mut changes = std::mem::take(&mut self.changes);
        for layer in changes.iter_mut().filter(|layer| layer.unchanged == UNCOUNTED) {
            layer.counts = self.repository.count_changes(layer.old, layer.new, &self.interrupter)?;
            let before = match layer.old {
                Some(old) => feature_count(&self.repository.git(), bytes(old), &self.interrupter)?,
                None => 0,
            };
            layer.unchanged = before - layer.counts.changed - layer.counts.deleted;
        }
        self.changes = changes;
        Ok(())
    }
}

/// Until [`Stage::count_replaced_layers`].
const UNCOUNTED: u64 = u64::MAX;

struct Revert<'a> {
    git: &'a gix::Repository,
    interrupter: &'a Interrupter,
    /// The root tree of the branch.
    current: Option<Id>,
    edits: TreeEdits,
    conflicts: Vec<RevertConflict>,
}

/// What becomes of one thing.
enum Decision {
    /// It becomes what it was before.
    Restore,
    /// It is that already.
    Stay,
    Conflict,
}

fn decide<T: PartialEq>(current: &T, undone: &T, restored: &T) -> Decision {
    if current == undone {
        Decision::Restore
    } else if current == restored {
        Decision::Stay
    } else {
        Decision::Conflict
    }
}

impl Revert<'_> {
    fn conflict(&mut self, path: String, reason: &'static str) {
        if self.conflicts.len() < MOST_CONFLICTS {
            self.conflicts.push(RevertConflict { path, reason });
        }
    }

    /// What the branch has at a path of the root tree.
    fn current_at(&self, path: &str) -> Result<Option<(EntryMode, Id)>, StageError> {
        let mut found = self.current.map(|tree| (EntryMode::Tree, tree));
        for name in path.split('/') {
            let Some((EntryMode::Tree, tree)) = found else { return Ok(None) };
            let entries = read_tree(self.git, tree)?;
            let entry = entries.iter().find(|entry| entry.name == name.as_bytes());
            found = entry.map(|entry| (entry.mode, entry.id));
        }
        Ok(found)
    }

    fn file(
        &mut self,
        path: &str,
        undone: Option<ObjectId>,
        restored: Option<ObjectId>,
    ) -> Result<(), StageError> {
        let entry = |id: Option<ObjectId>| id.map(|id| (EntryMode::Blob, bytes(id)));
        let (undone, restored) = (entry(undone), entry(restored));
        let current = self.current_at(path)?;
        match decide(&current, &undone, &restored) {
            Decision::Restore => self.edits.set(path.split('/').map(str::as_bytes), restored),
            Decision::Stay => {}
            Decision::Conflict => self.conflict(path.to_owned(), reason(current.is_some())),
        }
        Ok(())
    }

    /// Reverts one layer, of which `old` is the version to undo.
    fn layer(
        &mut self,
        sink: &mut crate::pack::ObjectSink,
        layer: &ChangedLayer,
    ) -> Result<Option<LayerChanges>, StageError> {
        let path = layer.path.as_str();
        let folder = format!("{path}/{FOLDER}");
        let id = |tree: Option<ObjectId>| tree.map(bytes);
        let current = self.current_at(&folder)?.map(|(_, tree)| tree);
        let new = match (decide(&current, &id(layer.old), &id(layer.new)), current, layer.old, layer.new) {
            (Decision::Stay, ..) => return Ok(None),
            (Decision::Restore, ..) => id(layer.new),
            // Both versions and the current one are there: what changed since may be elsewhere in the layer.
            (Decision::Conflict, Some(current), Some(undone), Some(restored)) => {
                return self.merge(sink, &layer.path, current, bytes(undone), bytes(restored));
            }
            (Decision::Conflict, current, ..) => {
                self.conflict(path.to_owned(), reason(current.is_some()));
                return Ok(None);
            }
        };
        self.put(&folder, new);
        let columns = |tree: Option<Id>| match tree {
            Some(tree) => Ok(StoredDataset::of_folder(self.git, tree, Vec::new())?.columns),
            None => Ok::<_, StageError>(Vec::new()),
        };
        let schema = match (current, new) {
            (Some(_), Some(_)) => schema_changes(&columns(current)?, &columns(new)?),
            _ => Vec::new(),
        };
        Ok(Some(LayerChanges {
            path: layer.path.clone(),
            old: current.map(Into::into),
            new: new.map(Into::into),
            counts: FeatureCounts::default(),
            unchanged: UNCOUNTED,
            old_extent: None,
            extent: None,
            schema,
        }))
    }

    fn put(&mut self, folder: &str, tree: Option<Id>) {
        let entry = tree.map(|tree| (EntryMode::Tree, tree));
        self.edits.set(folder.split('/').map(str::as_bytes), entry);
    }

    /// Merges a layer that was changed since.
    fn merge(
        &mut self,
        sink: &mut crate::pack::ObjectSink,
        path: &DatasetPath,
        current: Id,
        undone: Id,
        restored: Id,
    ) -> Result<Option<LayerChanges>, StageError> {
        let open = |tree| StoredDataset::of_folder(self.git, tree, Vec::new());
        let versions = [open(current)?, open(undone)?, open(restored)?];
        let [current_version, undone_version, restored_version] = &versions;
        if !has_same_key(&undone_version.columns, &restored_version.columns) {
            // Features that were added since have keys of the column that goes.
            self.conflict(path.to_string(), "it was changed since then, and its primary key would change");
            return Ok(None);
        }
        let mut edits = TreeEdits::default();
        self.merge_meta(path, &versions, &mut edits)?;
        let counts = self.merge_features(path, &versions, &mut edits)?;
        if !self.conflicts.is_empty() || edits.is_empty() {
            return Ok(None);
        }
        let new = edits.write(self.git, Some(current), sink, self.interrupter)?;
        self.put(&format!("{path}/{FOLDER}"), new);
        let before = feature_count(self.git, current, self.interrupter)?;
        // Other columns than those that are undone stay.
        let schema = match current_version.columns == undone_version.columns {
            true => schema_changes(&current_version.columns, &restored_version.columns),
            false => Vec::new(),
        };
        Ok(Some(LayerChanges {
            path: path.clone(),
            old: Some(current.into()),
            new: new.map(Into::into),
            counts,
            unchanged: before - counts.changed - counts.deleted,
            old_extent: None,
            extent: None,
            schema,
        }))
    }

    /// Metadata, item by item. Legends stay, and those of the restored features are added; generated keys stay.
    fn merge_meta(
        &mut self,
        path: &DatasetPath,
        versions: &[StoredDataset; 3],
        edits: &mut TreeEdits,
    ) -> Result<(), StageError> {
        let mut items = Vec::with_capacity(versions.len());
        for version in versions {
            items.push(meta_items(self.git, &version.meta)?);
        }
        let [current, undone, restored] = &items[..] else { return Ok(()) };
        let mut keys: Vec<_> = undone.keys().chain(restored.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let (current, undone, restored) = (current.get(key), undone.get(key), restored.get(key));
            let is_legend = key.starts_with(b"legend/");
            if undone == restored || key == b"generated-pks.json" || (is_legend && restored.is_none()) {
                continue;
            }
            match decide(&current, &undone, &restored) {
                Decision::Restore => {
                    let entry = restored.map(|id| (EntryMode::Blob, *id));
                    edits.set([&b"meta"[..]].into_iter().chain(key.split(|byte| *byte == b'/')), entry);
                }
                Decision::Stay => {}
                Decision::Conflict => {
                    let item = String::from_utf8_lossy(key);
                    self.conflict(format!("{path}:{item}"), reason(current.is_some()));
                }
            }
        }
        Ok(())
    }

    fn merge_features(
        &mut self,
        path: &DatasetPath,
        versions: &[StoredDataset; 3],
        edits: &mut TreeEdits,
    ) -> Result<FeatureCounts, StageError> {
        let [current, undone, restored] = versions;
        let mut counts = FeatureCounts::default();
        let mut changes =
            RawChanges::new(self.git.clone(), undone.features, restored.features, self.interrupter);
        let mut lookup = FeatureLookup::new(self.git, current.features);
        while let Some(leaf) = changes.next_leaf()? {
            for change in leaf {
                let found = lookup.find(&change.folder, &change.name)?;
                match decide(&found, &change.old, &change.new) {
                    Decision::Restore => {
                        counts.add(ChangeKind::of(found.is_some(), change.new.is_some()));
                        let folders = change.folder.iter().map(Vec::as_slice);
                        let place = [&b"feature"[..]].into_iter().chain(folders).chain([&change.name[..]]);
                        edits.set(place, change.new.map(|id| (EntryMode::Blob, id)));
                    }
                    Decision::Stay => {}
                    Decision::Conflict => {
                        let key = crate::layer_path::key_of(change.name[..].into());
                        self.conflict(format!("{path}/{key}"), reason(found.is_some()));
                    }
                }
            }
            if self.conflicts.len() >= MOST_CONFLICTS {
                break;
            }
        }
        Ok(counts)
    }
}

/// Whether the same column identifies the features, by values of the same type.
fn has_same_key(a: &[KartColumn], b: &[KartColumn]) -> bool {
    let keys = |columns: &[KartColumn]| {
        let keys = columns.iter().filter(|column| column.primary_key_index.is_some());
        keys.map(|column| (column.id.clone(), column.data_type.clone())).collect::<Vec<_>>()
    };
    keys(a) == keys(b)
}

fn reason(is_there: bool) -> &'static str {
    if is_there { "it was changed since then" } else { "it was deleted since then" }
}

/// The blobs in `meta` and in the trees in it, by path.
fn meta_items(git: &gix::Repository, meta: &[TreeEntry]) -> Result<BTreeMap<Vec<u8>, Id>, StageError> {
    let mut items = BTreeMap::new();
    for entry in meta {
        match entry.mode {
            EntryMode::Blob => {
                items.insert(entry.name.clone(), entry.id);
            }
            EntryMode::Tree => {
                for inner in read_tree(git, entry.id)? {
                    items.insert([&entry.name[..], b"/", &inner.name[..]].concat(), inner.id);
                }
            }
            EntryMode::Other(_) => {}
        }
    }
    Ok(items)
}

fn feature_count(git: &gix::Repository, layer: Id, interrupter: &Interrupter) -> Result<u64, StageError> {
    let features = find(&read_tree(git, layer)?, "feature", EntryMode::Tree);
    let mut count = 0;
    for entry in FeatureTreeWalk::new(git.clone(), features.map(|tree| TreeEntry::tree("feature", tree))) {
        interrupter.check()?;
        count += u64::from(entry?.mode == EntryMode::Blob);
    }
    Ok(count)
}
