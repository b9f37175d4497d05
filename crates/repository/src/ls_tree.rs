//! The layers and features of a commit.

use std::collections::VecDeque;

use gix::{ObjectId, bstr::ByteSlice};

use crate::{
    ReadError, Repository,
    dataset::{
        self,
        datasets::{Datasets, FoundDataset},
        feature_tree::FeatureTreeWalk,
        tree::{EntryMode, TreeEntry},
    },
    layer_path::{feature_paths, key_of, schema_of, split_at_layer},
    object::bytes,
    revision,
};

/// What is asked for. The default is the layers of HEAD.
#[derive(Clone, Debug, Default)]
pub struct LsTreeQuery {
    /// A revision, a revision and a path (`master:roads`), or a path in HEAD. A path is a layer's, a feature's
    /// (`roads/17`) or that of a folder of layers.
    pub path: Option<String>,
    /// Whether features of layers are listed.
    pub recursive: bool,
    /// Whether layers are listed where features are.
    pub show_trees: bool,
    /// Whether only layers are listed.
    pub only_trees: bool,
}

/// A layer or a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LsTreeEntry {
    /// `roads`, or `roads/17`: the layer and the primary key. Where the key is neither a whole number nor a text
    /// without slashes, it is Kart's file name.
    pub path: String,
    /// Which of the two.
    pub kind: LsTreeKind,
    /// The tree of the layer, or the blob of the feature.
    pub id: ObjectId,
    /// The layer's schema, as the blob that holds it.
    pub schema: Option<ObjectId>,
}

/// Whether a [`LsTreeEntry`] is a layer or a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LsTreeKind {
    /// A layer.
    Tree,
    /// A feature.
    Feature,
}

impl Repository {
    /// Lists layers and features, in Git's order.
    ///
    /// Trees are read while the iterator advances: millions of features take no memory, and a caller that needs no more drops the
    /// iterator.
    pub fn ls_tree(&self, query: &LsTreeQuery) -> Result<LsTreeEntries, ReadError> {
        let git = self.git();
        let (tree, path) = self.start(&git, query)?;
        let mut entries = LsTreeEntries::new(self.clone(), git, query);
        let Some(tree) = tree else { return Ok(entries) };
        let found = entries.begin(tree, &path).map_err(|source| self.unreadable("read a tree", source))?;
        match found {
            true => Ok(entries),
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
        let unreadable = |source| self.unreadable("read a commit", source);
        let head = revision::head(git).map_err(unreadable)?;
        let named = |revision| match revision::resolve(git, revision) {
            None if head.is_none() && revision::is_unborn_head(git, revision) => Some(None),
            commit => commit.map(Some),
        };
        let (commit, path) = match given.split_once(':') {
            Some((revision, path)) => {
                (named(revision).ok_or_else(|| ReadError::UnknownRevision(revision.to_owned()))?, path)
            }
            None => named(given).map_or((head, given), |commit| (commit, "")),
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

/// The entries of a listing.
pub struct LsTreeEntries {
    repository: Repository,
    git: gix::Repository,
    features_of_layers: bool,
    show_layers: bool,
    show_features: bool,
    /// The layers that are still to come.
    layers: Datasets,
    /// The layer whose features are being listed.
    layer: Option<OpenLayer>,
    ready: VecDeque<LsTreeEntry>,
}

struct OpenLayer {
    path: String,
    schema: Option<ObjectId>,
    features: FeatureTreeWalk,
}

impl LsTreeEntries {
    fn new(repository: Repository, git: gix::Repository, query: &LsTreeQuery) -> Self {
        Self {
            repository,
            layers: Datasets::none(git.clone()),
            git,
            features_of_layers: query.recursive && !query.only_trees,
            show_layers: !query.recursive || query.show_trees || query.only_trees,
            show_features: !query.only_trees,
            layer: None,
            ready: VecDeque::new(),
        }
    }

    /// Finds `path` below the tree `root`, and says whether anything is there.
    fn begin(&mut self, root: ObjectId, path: &str) -> gix::Result<bool> {
        match resolve_path(&self.git, root, path)? {
            None => return Ok(false),
            Some(ResolvedPath::Folder(tree)) => {
                self.layers = Datasets::below(self.git.clone(), tree, path.to_owned())?;
            }
            Some(ResolvedPath::Layer(tree)) => self.enter_layer(path, tree)?,
            Some(ResolvedPath::Feature(entry)) => self.ready.extend(self.show_features.then_some(entry)),
        }
        Ok(true)
    }

    fn enter_layer(&mut self, path: &str, tree: ObjectId) -> gix::Result<()> {
        let tree = self.git.find_tree(tree)?;
        let schema = schema_of(&tree)?;
        let features = tree.lookup_entry([dataset::FOLDER, "feature"])?;
        let features = features.filter(|entry| entry.mode().is_tree() && self.show_features);
        self.layer = features.map(|entry| OpenLayer {
            path: path.to_owned(),
            schema,
            features: FeatureTreeWalk::new(
                self.git.clone(),
                Some(TreeEntry::tree("feature", bytes(entry.object_id()))),
            ),
        });
        Ok(())
    }

    /// Reads the next tree entry, which may make an entry ready. `false` at the end.
    fn step(&mut self) -> gix::Result<bool> {
        if let Some(layer) = &mut self.layer {
            match layer.features.next().transpose()? {
                Some(entry) => self.ready.extend(layer.entry(&entry)),
                None => self.layer = None,
            }
            return Ok(true);
        }
        match self.layers.next().transpose()? {
            Some(found) => self.step_to_layer(found).map(|()| true),
            None => Ok(false),
        }
    }

    fn step_to_layer(&mut self, FoundDataset { path, tree }: FoundDataset) -> gix::Result<()> {
        if self.show_layers {
            let schema = schema_of(&self.git.find_tree(tree)?)?;
            self.ready.push_back(LsTreeEntry {
                path: path.clone(),
                kind: LsTreeKind::Tree,
                id: tree,
                schema,
            });
        }
        match self.features_of_layers {
            true => self.enter_layer(&path, tree),
            false => Ok(()),
        }
    }
}

impl OpenLayer {
    /// The feature of a tree entry; `None` for a tree.
    fn entry(&self, entry: &TreeEntry) -> Option<LsTreeEntry> {
        (entry.mode != EntryMode::Tree).then(|| LsTreeEntry {
            path: format!("{}/{}", self.path, key_of(entry.name.as_bstr())),
            kind: LsTreeKind::Feature,
            id: entry.id.into(),
            schema: self.schema,
        })
    }
}

impl Iterator for LsTreeEntries {
    type Item = Result<LsTreeEntry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() {
            match self.step() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(source) => {
                    (self.layer, self.layers) = (None, Datasets::none(self.git.clone()));
                    return Some(Err(self.repository.unreadable("read a tree", source)));
                }
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

/// What is at a path.
enum ResolvedPath {
    Folder(ObjectId),
    Layer(ObjectId),
    Feature(LsTreeEntry),
}

fn resolve_path(git: &gix::Repository, root: ObjectId, path: &str) -> gix::Result<Option<ResolvedPath>> {
    if path.is_empty() {
        return Ok(Some(ResolvedPath::Folder(root)));
    }
    let tree = git.find_tree(root)?;
    let tree_at = |path: &str| -> gix::Result<Option<ObjectId>> {
        let entry = tree.lookup_entry(path.split('/'))?;
        Ok(entry.filter(|entry| entry.mode().is_tree()).map(|entry| entry.object_id()))
    };
    match split_at_layer(&tree, path)? {
        None => Ok(tree_at(path)?.map(ResolvedPath::Folder)),
        Some((layer, None)) => Ok(tree_at(layer)?.map(ResolvedPath::Layer)),
        Some((layer, Some(key))) => {
            let Some(layer_tree) = tree_at(layer)? else { return Ok(None) };
            Ok(feature(&git.find_tree(layer_tree)?, layer, key)?.map(ResolvedPath::Feature))
        }
    }
}

fn feature(layer_tree: &gix::Tree<'_>, layer: &str, key: &str) -> gix::Result<Option<LsTreeEntry>> {
    for path in feature_paths(key) {
        if let Some(entry) = layer_tree.lookup_entry(path.split('/'))? {
            return Ok(Some(LsTreeEntry {
                path: format!("{layer}/{key}"),
                kind: LsTreeKind::Feature,
                id: entry.object_id(),
                schema: schema_of(layer_tree)?,
            }));
        }
    }
    Ok(None)
}
