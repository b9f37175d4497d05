//! The layers and features of a commit.

use std::{collections::VecDeque, vec};

use gix::{
    ObjectId,
    bstr::{BStr, BString, ByteSlice},
    objs::tree::EntryKind,
};

use crate::{
    ReadError, Repository, dataset,
    layer_path::{feature_places, is_layer, key_of, schema_of, split_at_layer},
    revision,
};

/// What is asked for. The default is the layers of HEAD.
#[derive(Clone, Debug, Default)]
pub struct LsTreeQuery {
    /// A revision, a revision and a path (`master:roads`), or a path in HEAD. A path is a layer's, a feature's
    /// (`roads/17`) or that of a folder of layers.
    pub path: Option<String>,
    /// Go on from layers to their features.
    pub recursive: bool,
    /// Show layers even where features are shown.
    pub show_trees: bool,
    /// Show layers only.
    pub only_trees: bool,
}

/// A layer or a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// `roads`, or `roads/17`: the layer and the primary key. Where the key is neither a whole number nor a text
    /// without slashes, Kart's file name stands for it.
    pub path: String,
    /// Which of the two.
    pub kind: NodeKind,
    /// The tree of the layer, or the blob of the feature.
    pub id: ObjectId,
    /// The layer's schema, as the blob that holds it.
    pub schema: Option<ObjectId>,
}

/// Whether a [`Node`] is a layer or a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A layer.
    Tree,
    /// A feature.
    Feature,
}

/// Trees looked into on the way to layers before a listing is given up: no repository of layers has as many, but one
/// can be built in which a few objects unfold to billions.
const MOST_FOLDERS: usize = 100_000;
/// Folders within folders.
const DEEPEST: usize = 32;

impl Repository {
    /// Lists layers and features, in Git's order.
    ///
    /// Features come one by one while trees are read: millions cost no memory, and who has seen enough drops the
    /// iterator.
    pub fn ls_tree(&self, query: &LsTreeQuery) -> Result<Nodes, ReadError> {
        let git = self.git();
        let (tree, path) = self.start(&git, query)?;
        let mut nodes = Nodes::new(self.clone(), git, query);
        let Some(tree) = tree else { return Ok(nodes) };
        let found = nodes.begin(tree, &path).map_err(|source| self.unreadable("read a tree", source))?;
        match found {
            true => Ok(nodes),
            false => Err(ReadError::UnknownPath(query.path.clone().unwrap_or_default())),
        }
    }

    /// The tree that the path begins in, and the rest of the path. No tree in a repository without commits.
    fn start(
        &self,
        git: &gix::Repository,
        query: &LsTreeQuery,
    ) -> Result<(Option<ObjectId>, String), ReadError> {
        let given = query.path.as_deref().unwrap_or_default();
        let (commit, path) = match given.split_once(':') {
            Some((revision, path)) => (Some(self.commit_named(revision)?), path),
            None if given.is_empty() => (None, ""),
            None => match revision::resolve(git, given) {
                Some(commit) => (Some(commit), ""),
                None => (None, given),
            },
        };
        let unreadable = |source| self.unreadable("read a commit", source);
        let commit = match commit {
            Some(commit) => Some(commit),
            None => revision::head(git).map_err(unreadable)?,
        };
        let Some(commit) = commit else {
            return if path.is_empty() {
                Ok((None, String::new()))
            } else {
                Err(ReadError::UnknownPath(given.into()))
            };
        };
        let tree =
            git.find_commit(commit).and_then(|commit| Ok(commit.tree_id()?.detach())).map_err(unreadable)?;
        Ok((Some(tree), path.trim_matches('/').to_owned()))
    }
}

/// The nodes of a listing.
pub struct Nodes {
    repository: Repository,
    git: gix::Repository,
    features_of_layers: bool,
    show_layers: bool,
    show_features: bool,
    /// What to look at next; the last first.
    stack: Vec<Frame>,
    ready: VecDeque<Node>,
    folders: usize,
}

/// A tree that is being read.
struct Frame {
    entries: vec::IntoIter<Entry>,
    place: Place,
}

enum Place {
    /// Above layers; its path and how deep it is.
    Folder { path: String, depth: usize },
    /// Between a layer and its features.
    Features { layer: String, schema: Option<ObjectId> },
}

struct Entry {
    name: BString,
    id: ObjectId,
    is_tree: bool,
}

impl Nodes {
    fn new(repository: Repository, git: gix::Repository, query: &LsTreeQuery) -> Self {
        Self {
            repository,
            git,
            features_of_layers: query.recursive && !query.only_trees,
            show_layers: !query.recursive || query.show_trees || query.only_trees,
            show_features: !query.only_trees,
            stack: Vec::new(),
            ready: VecDeque::new(),
            folders: 0,
        }
    }

    /// Finds `path` below the tree `root`, and says whether anything is there.
    fn begin(&mut self, root: ObjectId, path: &str) -> gix::Result<bool> {
        match target(&self.git, root, path)? {
            None => return Ok(false),
            Some(Target::Folder(tree)) => self.enter_folder(tree, path.to_owned(), 0)?,
            Some(Target::Layer(tree)) => self.enter_layer(path, tree)?,
            Some(Target::Feature(node)) => self.ready.extend(self.show_features.then_some(node)),
        }
        Ok(true)
    }

    fn enter_folder(&mut self, tree: ObjectId, path: String, depth: usize) -> gix::Result<()> {
        self.folders += 1;
        if self.folders > MOST_FOLDERS || depth > DEEPEST {
            return Err(gix::error::message("too many folders on the way to the layers").into());
        }
        let entries = self.entries(tree)?.into_iter();
        self.stack.push(Frame { entries, place: Place::Folder { path, depth } });
        Ok(())
    }

    fn enter_layer(&mut self, layer: &str, tree: ObjectId) -> gix::Result<()> {
        let tree = self.git.find_tree(tree)?;
        let schema = schema_of(&tree)?;
        let features = tree.lookup_entry([dataset::FOLDER, "feature"])?;
        let Some(features) = features.filter(|entry| entry.mode().is_tree() && self.show_features) else {
            return Ok(());
        };
        let entries = self.entries(features.object_id())?.into_iter();
        self.stack.push(Frame { entries, place: Place::Features { layer: layer.to_owned(), schema } });
        Ok(())
    }

    /// A tree is read whole: Kart's hold 64 entries at most, and the largest that Git would give us is one object.
    fn entries(&self, tree: ObjectId) -> gix::Result<Vec<Entry>> {
        let tree = self.git.find_tree(tree)?;
        let entry = |entry: gix::Result<gix::object::tree::EntryRef<'_, '_>>| {
            let entry = entry?;
            let is_tree = entry.kind() == EntryKind::Tree;
            Ok(Entry { name: entry.filename().to_owned(), id: entry.object_id(), is_tree })
        };
        tree.iter().map(entry).collect()
    }

    /// Looks at one entry, which may make nodes ready.
    fn step(&mut self) -> gix::Result<()> {
        let Some(frame) = self.stack.last_mut() else { return Ok(()) };
        let Some(entry) = frame.entries.next() else {
            self.stack.pop();
            return Ok(());
        };
        match &frame.place {
            Place::Folder { path, depth } => {
                let (path, depth) = (join(path, entry.name.as_bstr()), depth + 1);
                self.step_in_folder(entry, path, depth)
            }
            Place::Features { layer, schema } => {
                let (layer, schema) = (layer.clone(), *schema);
                self.step_in_features(entry, layer, schema)
            }
        }
    }

    fn step_in_folder(&mut self, entry: Entry, path: String, depth: usize) -> gix::Result<()> {
        if !entry.is_tree || entry.name.starts_with(b".") {
            return Ok(());
        }
        let tree = self.git.find_tree(entry.id)?;
        if !is_layer(&tree)? {
            drop(tree);
            return self.enter_folder(entry.id, path, depth);
        }
        if self.show_layers {
            let schema = schema_of(&tree)?;
            self.ready.push_back(Node { path: path.clone(), kind: NodeKind::Tree, id: entry.id, schema });
        }
        drop(tree);
        match self.features_of_layers {
            true => self.enter_layer(&path, entry.id),
            false => Ok(()),
        }
    }

    fn step_in_features(&mut self, entry: Entry, layer: String, schema: Option<ObjectId>) -> gix::Result<()> {
        if !entry.is_tree {
            let path = format!("{layer}/{}", key_of(entry.name.as_bstr()));
            self.ready.push_back(Node { path, kind: NodeKind::Feature, id: entry.id, schema });
            return Ok(());
        }
        if self.stack.len() > 2 * DEEPEST {
            return Err(gix::error::message("features lie too deep").into());
        }
        let entries = self.entries(entry.id)?.into_iter();
        self.stack.push(Frame { entries, place: Place::Features { layer, schema } });
        Ok(())
    }
}

impl Iterator for Nodes {
    type Item = Result<Node, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.stack.is_empty() {
            if let Err(source) = self.step() {
                self.stack.clear();
                return Some(Err(self.repository.unreadable("read a tree", source)));
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

/// What a path leads to.
enum Target {
    Folder(ObjectId),
    Layer(ObjectId),
    Feature(Node),
}

fn target(git: &gix::Repository, root: ObjectId, path: &str) -> gix::Result<Option<Target>> {
    if path.is_empty() {
        return Ok(Some(Target::Folder(root)));
    }
    let tree = git.find_tree(root)?;
    let tree_at = |path: &str| -> gix::Result<Option<ObjectId>> {
        let entry = tree.lookup_entry(path.split('/'))?;
        Ok(entry.filter(|entry| entry.mode().is_tree()).map(|entry| entry.object_id()))
    };
    match split_at_layer(&tree, path)? {
        None => Ok(tree_at(path)?.map(Target::Folder)),
        Some((layer, None)) => Ok(tree_at(layer)?.map(Target::Layer)),
        Some((layer, Some(key))) => {
            let Some(layer_tree) = tree_at(layer)? else { return Ok(None) };
            Ok(feature(&git.find_tree(layer_tree)?, layer, key)?.map(Target::Feature))
        }
    }
}

fn feature(layer_tree: &gix::Tree<'_>, layer: &str, key: &str) -> gix::Result<Option<Node>> {
    for place in feature_places(key) {
        if let Some(entry) = layer_tree.lookup_entry(place.split('/'))? {
            return Ok(Some(Node {
                path: format!("{layer}/{key}"),
                kind: NodeKind::Feature,
                id: entry.object_id(),
                schema: schema_of(layer_tree)?,
            }));
        }
    }
    Ok(None)
}

fn join(folder: &str, name: &BStr) -> String {
    match folder {
        "" => name.to_str_lossy().into_owned(),
        folder => format!("{folder}/{}", name.to_str_lossy()),
    }
}
