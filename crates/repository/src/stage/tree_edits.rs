//! Changes single entries of a tree, at any depth.

use std::collections::BTreeMap;

use super::StageError;
use crate::{
    Interrupter,
    dataset::{
        stored::read_tree,
        tree::{EntryMode, TreeEntry, encode},
    },
    object::{Id, ObjectKind},
    pack::ObjectSink,
};

/// Entries to put into a tree and to remove from it.
#[derive(Default)]
pub(super) struct TreeEdits(BTreeMap<Vec<u8>, Edit>);

enum Edit {
    Put(EntryMode, Id),
    Remove,
    Below(TreeEdits),
}

impl TreeEdits {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts an entry at a path, or removes what is there. An edit of a tree goes before those inside it.
    pub(super) fn set<'a>(
        &mut self,
        path: impl IntoIterator<Item = &'a [u8]>,
        entry: Option<(EntryMode, Id)>,
    ) {
        let mut path = path.into_iter().peekable();
        let mut edits = self;
        while let Some(name) = path.next() {
            if path.peek().is_none() {
                let edit = entry.map_or(Edit::Remove, |(mode, id)| Edit::Put(mode, id));
                edits.0.insert(name.to_vec(), edit);
                return;
            }
            let below = edits.0.entry(name.to_vec()).or_insert_with(|| Edit::Below(Self::default()));
            edits = match below {
                Edit::Below(edits) => edits,
                Edit::Put(..) | Edit::Remove => return,
            };
        }
    }

    /// Writes the tree `base` with the edits; `None` if nothing is left of it.
    pub(super) fn write(
        &self,
        git: &gix::Repository,
        base: Option<Id>,
        sink: &mut ObjectSink,
        interrupter: &Interrupter,
    ) -> Result<Option<Id>, StageError> {
        interrupter.check()?;
        let mut entries = base.map_or_else(|| Ok(Vec::new()), |base| read_tree(git, base))?;
        for (name, edit) in &self.0 {
            let at = entries.iter().position(|entry| entry.name == *name);
            let new = match edit {
                Edit::Put(mode, id) => Some((*mode, *id)),
                Edit::Remove => None,
                Edit::Below(edits) => {
                    let old = at.map(|at| &entries[at]).filter(|entry| entry.mode == EntryMode::Tree);
                    let written = edits.write(git, old.map(|entry| entry.id), sink, interrupter)?;
                    written.map(|id| (EntryMode::Tree, id))
                }
            };
            if let Some(at) = at {
                entries.swap_remove(at);
            }
            entries.extend(new.map(|(mode, id)| TreeEntry { mode, name: name.clone(), id }));
        }
        if entries.is_empty() {
            return Ok(None);
        }
        let bytes = encode(entries);
        let id = crate::object::id_of(ObjectKind::Tree, &bytes)?;
        if base != Some(id) {
            sink.add_stored(id, ObjectKind::Tree, &bytes)?;
        }
        Ok(Some(id))
    }
}
