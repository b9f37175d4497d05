//! Prepares a commit that is not visible before it is published.
//!
//! ```text
//! Stage ──layer()──▶ LayerStage ──writer()──▶ FeatureWriter, one for each thread
//!   │                    └──finish()
//!   └──commit()──▶ StagedCommit ──lock()──▶ LockedCommit ──publish()──▶ the branch has moved
//! ```
//!
//! Each of them removes what it wrote when it is dropped.

mod catch_up;
mod columns;
mod commit;
mod deleted_rows;
mod error;
mod feature_entries;
mod feature_lookup;
mod feature_writer;
mod finished_layer;
mod key_generator;
mod key_text;
mod layer_changes;
mod layer_stage;
mod meta;
mod mode;
mod previous_features;
mod previous_reader;
mod revert;
mod root_tree;
mod tree_edits;
mod trees;

pub use commit::{CommitDetails, StagedCommit};
pub use error::StageError;
pub use feature_writer::{FeatureWriter, WrittenFeatures};
pub use layer_changes::LayerChanges;
pub use layer_stage::LayerStage;
pub use mode::Mode;
pub use previous_reader::PreviousReader;
pub use revert::RevertConflict;

use longhaul_geodata::Column;

use crate::{
    DatasetPath, Interrupter, Repository,
    dataset::KartColumn,
    object::Id,
    pack::{ObjectSink, PackWriter},
    repository::branch_ref,
};

/// A commit that is being prepared, on top of a branch as it was when the stage was opened.
pub struct Stage {
    repository: Repository,
    branch: String,
    /// The commit that the branch stands at; `None` if it is new.
    tip: Option<Id>,
    /// The parent of the commit.
    parent: Option<Id>,
    root: root_tree::RootTree,
    interrupter: Interrupter,
    pack: PackWriter,
    sink: ObjectSink,
    layers: Vec<finished_layer::FinishedLayer>,
    /// What the layers change, once their trees are written.
    changes: Vec<LayerChanges>,
    /// The root tree of a revert; nothing is left of it where all was undone.
    reverted: Option<Option<Id>>,
}

impl Stage {
    /// Opens a stage on a local branch, which need not exist yet: a new branch begins at HEAD.
    ///
    /// # Errors
    /// If the name cannot be a branch's, or the repository cannot be read or written.
    pub fn open(repository: &Repository, branch: &str) -> Result<Self, StageError> {
        branch_ref(branch)?;
        let tip = repository.branch_tip(branch)?.map(crate::object::bytes);
        if tip.is_none()
            && let Some(other) = repository.branch_in_the_way(branch)?
        {
            return Err(StageError::Branch { branch: branch.to_owned(), other });
        }
        let git = repository.git();
        let parent = match tip {
            Some(tip) => Some(tip),
            None => crate::revision::head(&git)?.map(crate::object::bytes),
        };
        let interrupter = Interrupter::default();
        let folder = git.objects.store_ref().path().join("pack");
        let pack = PackWriter::new(&folder, interrupter.clone())?;
        Ok(Self {
            root: root_tree::RootTree::open(&git, parent)?,
            sink: pack.sink(),
            repository: repository.clone(),
            branch: branch.to_owned(),
            tip,
            parent,
            interrupter,
            pack,
            layers: Vec::new(),
            changes: Vec::new(),
            reverted: None,
        })
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The commit that the branch stands at, as far as the stage knows; `None` if there is no such branch.
    pub fn head(&self) -> Option<gix::ObjectId> {
        self.tip.map(Into::into)
    }

    /// Stops the work of this stage from another thread.
    pub fn interrupter(&self) -> Interrupter {
        self.interrupter.clone()
    }

    /// The columns of the layer that the commit would replace at `path`; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read, or no layer can be there.
    pub fn previous_columns(&self, path: &DatasetPath) -> Result<Option<Vec<Column>>, StageError> {
        self.root.check_place(path)?;
        let dataset = self.root.dataset(&self.repository.git(), path)?;
        Ok(dataset.map(|dataset| dataset.columns.iter().filter_map(KartColumn::column).collect()))
    }

    /// Begins a layer. Its features are written by [writers](LayerStage::writer) of the result.
    ///
    /// # Errors
    /// If the repository has something else at `path`, or what is there cannot be read, or `layer` does not
    /// fit to it where features are added.
    pub fn layer(
        &self,
        path: &DatasetPath,
        layer: &longhaul_geodata::Layer,
        mode: Mode,
    ) -> Result<LayerStage, StageError> {
        let occupied = self.layers.iter().any(|layer| layer.path == *path);
        if occupied {
            return Err(StageError::Twice(path.clone()));
        }
        self.root.check_place(path)?;
        let git = self.repository.git();
        let previous = self.root.dataset(&git, path)?;
        LayerStage::new(&git, self.interrupter(), path.clone(), layer, mode, previous)
    }

    /// Ends a layer whose features are all written. Returns their number.
    ///
    /// # Errors
    /// If two of them have one key, or the layer would be inside another one of this commit or have one inside.
    pub fn finish(&mut self, layer: LayerStage) -> Result<u64, StageError> {
        let layer = layer.close()?;
        self.root.check_place(&layer.path)?;
        self.root.reserve(&layer.path);
        let features = layer.feature_entries.len() as u64;
        self.layers.push(layer);
        Ok(features)
    }
}

impl LayerStage {
    /// A writer for one more thread; a sequential layer has only one.
    pub fn writer(&mut self, stage: &Stage) -> FeatureWriter {
        let keys = self.take_key_generator();
        let git = stage.repository.git();
        FeatureWriter::new(self.setup(), git, stage.pack.sink(), keys, stage.interrupter())
    }

    /// A reader of the features that the branch has of this layer; `None` if the branch does not have the layer.
    pub fn previous(&self, stage: &Stage) -> Option<PreviousReader> {
        let features = self.previous_features(&stage.repository)?;
        Some(PreviousReader::new(self.setup(), features))
    }
}
