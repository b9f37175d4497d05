//! Checks one commit against its first parent.

use std::collections::{HashMap, HashSet};

use gix::ObjectId;

use super::{Fault, check_layer::check_layer};
use crate::{
    DatasetPath,
    dataset::{
        FOLDER,
        datasets::{DEEPEST, Datasets},
        layout_version::{VERSION, VERSION_FILE, layout_version},
        stored::{find, read_tree},
        tree::{EntryMode, TreeEntry},
    },
    object::{Id, bytes},
};

/// The folder of a layer in version 2 of Kart's layout.
const FOLDER_OF_VERSION_2: &str = ".sno-dataset";

/// Checks commits, and remembers the layers that it has read.
pub(super) struct CommitCheck<'git> {
    git: &'git gix::Repository,
    readable_layers: HashSet<Id>,
}

impl<'git> CommitCheck<'git> {
    pub(super) fn new(git: &'git gix::Repository) -> Self {
        Self { git, readable_layers: HashSet::new() }
    }

    /// Checks what differs from the first parent, which is taken to be readable.
    pub(super) fn check(&mut self, commit: ObjectId) -> Result<(), Fault> {
        let commit = self.git.find_commit(commit)?;
        let new = bytes(commit.tree_id()?.detach());
        let old = self.tree_of_parent(&commit)?;
        if old == Some(new) {
            return Ok(());
        }
        let mut added = Vec::new();
        self.check_folder("", old, new, &mut added)?;
        self.check_version(old, new, !added.is_empty())?;
        if added.is_empty() { Ok(()) } else { self.check_places(new, &added) }
    }

    /// A parent beyond the edge of a shallow clone is not there and counts as none.
    fn tree_of_parent(&self, commit: &gix::Commit<'_>) -> Result<Option<Id>, Fault> {
        let parent = commit.parent_ids().next().filter(|parent| self.git.has_object(*parent));
        let Some(parent) = parent else { return Ok(None) };
        Ok(Some(bytes(self.git.find_commit(parent)?.tree_id()?.detach())))
    }

    /// Checks the layers below a folder that are not the same below `old`. `added` gets the paths of those that are new.
    fn check_folder(
        &mut self,
        path: &str,
        old: Option<Id>,
        new: Id,
        added: &mut Vec<String>,
    ) -> Result<(), Fault> {
        if path.split('/').count() > DEEPEST {
            return Err(Fault::new("its folders are nested too deeply"));
        }
        let before = self.trees_in(old)?;
        for (name, tree) in self.trees_in(Some(new))? {
            let old = before.get(&name).copied();
            if old == Some(tree) || name.starts_with(b".") {
                continue;
            }
            let path = join(path, &name)?;
            let entries = read_tree(self.git, tree)?;
            if find(&entries, FOLDER_OF_VERSION_2, EntryMode::Tree).is_some() {
                let reason =
                    "it is in version 2 of Kart's layout; upgrade the repository with 'kart upgrade'";
                return Err(in_layer(&path, Fault::new(reason)));
            }
            match find(&entries, FOLDER, EntryMode::Tree) {
                Some(layer) => self.check_layer(path, old, tree, layer, added)?,
                None => self.check_folder(&path, old, tree, added)?,
            }
        }
        Ok(())
    }

    /// Checks the layer in the folder `tree`, whose content is the tree `layer`.
    fn check_layer(
        &mut self,
        path: String,
        old: Option<Id>,
        tree: Id,
        layer: Id,
        added: &mut Vec<String>,
    ) -> Result<(), Fault> {
        let old_layer = match old {
            Some(old) => find(&read_tree(self.git, old)?, FOLDER, EntryMode::Tree),
            None => None,
        };
        if old_layer != Some(layer) && !self.readable_layers.contains(&layer) {
            check_layer(self.git, old, tree).map_err(|fault| in_layer(&path, fault))?;
            self.readable_layers.insert(layer);
        }
        if old_layer.is_none() {
            added.push(path);
        }
        Ok(())
    }

    /// The trees in a tree, by name.
    fn trees_in(&self, tree: Option<Id>) -> Result<HashMap<Vec<u8>, Id>, Fault> {
        let Some(tree) = tree else { return Ok(HashMap::new()) };
        let trees = read_tree(self.git, tree)?.into_iter().filter(|entry| entry.mode == EntryMode::Tree);
        Ok(trees.map(|TreeEntry { name, id, .. }| (name, id)).collect())
    }

    fn check_version(&self, old: Option<Id>, new: Id, has_new_layers: bool) -> Result<(), Fault> {
        match layout_version(self.git, new)? {
            Some(version) if version == VERSION => Ok(()),
            Some(version) => {
                let version: String = version.chars().take(20).collect();
                let reason = "only version 3 is accepted; upgrade the repository with 'kart upgrade'";
                Err(Fault::new(format!(
                    "it has version '{}' of Kart's layout: {reason}",
                    version.escape_debug()
                )))
            }
            None => {
                let had_version = match old {
                    Some(old) => layout_version(self.git, old)?.is_some(),
                    None => false,
                };
                match has_new_layers || had_version {
                    true => Err(Fault::new(format!(
                        "it lacks the file {VERSION_FILE}, so Kart cannot read its layers"
                    ))),
                    false => Ok(()),
                }
            }
        }
    }

    /// Checks that each of the `added` layers may be where it is, beside all others in the tree `root`.
    fn check_places(&self, root: Id, added: &[String]) -> Result<(), Fault> {
        let mut paths: HashMap<String, Vec<String>> = HashMap::new();
        for found in Datasets::below(self.git.clone(), root.into(), String::new())? {
            let path = found?.path;
            paths.entry(DatasetPath::of_tree(path.clone()).folded()).or_default().push(path);
        }
        for path in added {
            let valid = DatasetPath::new(path).map_err(|error| Fault::new(error.to_string()))?;
            let alike = paths.get(&valid.folded()).into_iter().flatten().find(|other| *other != path);
            if let Some(other) = alike {
                let reason =
                    format!("'{}' differs from it only by upper and lower case", other.escape_debug());
                return Err(in_layer(path, Fault::Refused(reason)));
            }
        }
        Ok(())
    }
}

fn join(folder: &str, name: &[u8]) -> Result<String, Fault> {
    let name = std::str::from_utf8(name).map_err(|_| {
        let name = String::from_utf8_lossy(name);
        Fault::new(format!("the name of the folder '{}' is not UTF-8", name.escape_debug()))
    })?;
    Ok(if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
}

fn in_layer(path: &str, fault: Fault) -> Fault {
    let path: String = path.chars().take(200).collect();
    fault.in_part(&format!("layer '{}'", path.escape_debug()))
}
