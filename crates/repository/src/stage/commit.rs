//! Makes the commit of all that was staged.

use gix::objs::WriteTo;
use jiff::Timestamp;

use super::{LayerChanges, Stage, StageError, finished_layer::FinishedLayer};
use crate::{
    Commit, Identity, Interrupter, Repository,
    object::{Id, ObjectKind},
    pack::FinishedPack,
};

/// The parts of a commit beside its tree.
#[derive(Clone, Debug)]
pub struct CommitDetails {
    /// Who made the change.
    pub author: Identity,
    /// Who records it.
    pub committer: Identity,
    /// The message; one like Kart's if there is none.
    pub message: Option<String>,
    /// The name of the file that was imported, for that message.
    pub source: String,
    /// The time of the commit.
    pub time: Timestamp,
}

/// A commit whose objects are all on the disk, and which is not visible yet. Dropping it removes them.
pub struct StagedCommit {
    pub(crate) repository: Repository,
    pub(crate) branch: String,
    /// Where the branch stood when the stage was opened, or has last caught up.
    pub(crate) tip: Option<Id>,
    pub(crate) commit: Commit,
    pub(crate) changes: Vec<LayerChanges>,
    pub(crate) interrupter: Interrupter,
    pub(crate) pack: FinishedPack,
}

impl Stage {
    /// Prepares the commit of all finished layers.
    ///
    /// # Errors
    /// [`StageError::NothingToCommit`] if the branch has the same content already; if the disk fails.
    pub fn commit(mut self, details: &CommitDetails) -> Result<StagedCommit, StageError> {
        let tree = match self.reverted {
            None => self.write_trees()?,
            Some(Some(tree)) => tree,
            Some(None) => self.sink.add(ObjectKind::Tree, &[])?,
        };
        if let Some(parent) = self.parent.filter(|_| self.root.base() == Some(tree)) {
            return Err(StageError::NothingToCommit(parent.into()));
        }
        let object = self.commit_object(tree, details)?;
        let mut raw = Vec::new();
        object.write_to(&mut raw).map_err(|_| StageError::Identity(details.author.name.clone()))?;
        let id = self.sink.add(ObjectKind::Commit, &raw)?;
        self.sink.flush()?;
        drop(self.sink);
        Ok(StagedCommit {
            commit: Commit::from_bytes(id.into(), &raw)?,
            changes: self.changes,
            repository: self.repository,
            branch: self.branch,
            tip: self.tip,
            interrupter: self.interrupter,
            pack: self.pack.finish()?,
        })
    }

    /// Writes all trees. Those that do not depend on the features come first: then the number of objects is known,
    /// and the pack's checksum can be begun.
    fn write_trees(&mut self) -> Result<Id, StageError> {
        let mut layers = std::mem::take(&mut self.layers);
        self.root.write_blobs(&mut self.sink)?;
        let metas =
            layers.iter().map(|layer| layer.write_meta(&mut self.sink)).collect::<Result<Vec<_>, _>>()?;
        self.sink.flush()?;
        let trees: Option<u32> = layers.iter().map(FinishedLayer::tree_count).sum();
        if let Some(trees) = trees {
            const ROOT_AND_COMMIT: u32 = 2;
            self.pack.expect(trees + ROOT_AND_COMMIT)?;
        }
        for (layer, meta) in layers.iter_mut().zip(metas) {
            let features = layer.feature_entries.len() as u64;
            let trees = layer.write_trees(meta, &self.pack, &mut self.sink, &self.interrupter)?;
            self.root.put(&layer.path, trees.dataset);
            self.changes.push(layer.changes(&self.repository, features, trees.folder));
        }
        self.layers = layers;
        self.root.write(&self.repository.git(), &mut self.sink)
    }

    fn commit_object(&self, tree: Id, details: &CommitDetails) -> Result<gix::objs::Commit, StageError> {
        Ok(gix::objs::Commit {
            tree: tree.into(),
            parents: self.parent.into_iter().map(Into::into).collect(),
            author: signature(&details.author, details.time),
            committer: signature(&details.committer, details.time),
            encoding: None,
            message: self.message(details).into(),
            extra_headers: Vec::new(),
        })
    }

    /// The commit's message, without NUL, which Git refuses.
    fn message(&self, details: &CommitDetails) -> String {
        let storable = |message: String| message.replace('\0', "");
        let given = details.message.clone().map(storable).filter(|message| !message.trim().is_empty());
        given.unwrap_or_else(|| storable(self.default_message(&details.source)))
    }

    /// Kart's message for an import of the finished layers.
    pub fn default_message(&self, source: &str) -> String {
        if let [one] = &self.layers[..] {
            return format!("Import from {source}:{} to {}/", one.layer.name, one.path);
        }
        let mut message = format!("Import {} datasets from {source}:", self.layers.len());
        for FinishedLayer { path, layer, .. } in &self.layers {
            message += &format!("\n * {path}/");
            if path.as_str() != layer.name {
                message += &format!(" (from {})", layer.name);
            }
        }
        message
    }
}

impl StagedCommit {
    /// What the commit will be.
    pub fn commit(&self) -> &Commit {
        &self.commit
    }

    /// What it changes in each of its layers, in the order in which they were finished.
    pub fn changes(&self) -> &[LayerChanges] {
        &self.changes
    }
}

fn signature(identity: &Identity, time: Timestamp) -> gix::actor::Signature {
    gix::actor::Signature {
        name: identity.name.clone().into(),
        email: identity.email.clone().into(),
        time: gix::date::Time { seconds: time.as_second(), offset: 0 },
    }
}
