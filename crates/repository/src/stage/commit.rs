//! The commit, and the moment in which the branch moves.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use gix::{
    bstr::{BString, ByteSlice},
    lock::acquire::Fail,
    objs::WriteTo,
    refs::{
        Target,
        transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog},
    },
};
use jiff::Timestamp;

use super::{Stage, StageError, closed::ClosedLayer};
use crate::{
    Commit, Identity, Repository,
    object::{Id, Kind, bytes},
    pack::FinishedPack,
    repository::branch_ref,
};

/// How long to wait for another program that has the branch locked.
const PATIENCE: Fail = Fail::AfterDurationWithBackoff(Duration::from_secs(1));

/// What a commit says beside its tree.
#[derive(Clone, Debug)]
pub struct CommitDetails {
    /// Who made the change.
    pub author: Identity,
    /// Who records it.
    pub committer: Identity,
    /// Why; in Kart's words if nobody says anything.
    pub message: Option<String>,
    /// The name of the file that was imported, for Kart's words.
    pub source: String,
    /// When.
    pub time: Timestamp,
}

/// A commit whose objects are all on the disk, and which nobody sees yet.
pub struct StagedCommit {
    repository: Repository,
    branch: String,
    tip: Option<Id>,
    commit: Commit,
    committer: gix::actor::Signature,
    pack: FinishedPack,
}

impl Stage {
    /// Prepares the commit of all layers that were taken in.
    ///
    /// # Errors
    /// [`StageError::NothingToCommit`] if the branch holds just this already; if the disk fails.
    pub fn commit(mut self, details: &CommitDetails) -> Result<StagedCommit, StageError> {
        let tree = self.write_trees()?;
        if let Some(parent) = self.parent.filter(|_| self.root.base() == Some(tree)) {
            return Err(StageError::NothingToCommit(parent.into()));
        }
        let object = self.commit_object(tree, details)?;
        let mut raw = Vec::new();
        object.write_to(&mut raw).map_err(|_| StageError::Identity(details.author.name.clone()))?;
        let id = self.inlet.add(Kind::Commit, &raw)?;
        self.inlet.flush()?;
        drop(self.inlet);
        Ok(StagedCommit {
            commit: Commit::from_bytes(id.into(), &raw)?,
            repository: self.repository,
            branch: self.branch,
            tip: self.tip,
            committer: object.committer,
            pack: self.pack.finish()?,
        })
    }

    /// Writes all trees, what does not depend on the features first: then it is known how many objects there will be,
    /// and the pack's checksum can be begun.
    fn write_trees(&mut self) -> Result<Id, StageError> {
        let mut layers = std::mem::take(&mut self.layers);
        self.root.write_blobs(&mut self.inlet)?;
        let metas =
            layers.iter().map(|layer| layer.write_meta(&mut self.inlet)).collect::<Result<Vec<_>, _>>()?;
        self.inlet.flush()?;
        let trees: Option<u32> = layers.iter().map(ClosedLayer::tree_count).sum();
        if let Some(trees) = trees {
            const ROOT_AND_COMMIT: u32 = 2;
            self.pack.expect(trees + ROOT_AND_COMMIT)?;
        }
        for (layer, meta) in layers.iter_mut().zip(metas) {
            let tree = layer.write_trees(meta, &self.pack, &mut self.inlet, &self.interrupter)?;
            self.root.put(&layer.path, tree);
        }
        self.layers = layers;
        self.root.write(&self.repository.git(), &mut self.inlet)
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

    /// What the commit says; without NUL, which Git refuses in a message.
    fn message(&self, details: &CommitDetails) -> String {
        let storable = |message: String| message.replace('\0', "");
        let given = details.message.clone().map(storable).filter(|message| !message.trim().is_empty());
        given.unwrap_or_else(|| storable(self.default_message(&details.source)))
    }

    /// Kart's words for an import.
    fn default_message(&self, source: &str) -> String {
        if let [one] = &self.layers[..] {
            return format!("Import from {source}:{} to {}/", one.layer.name, one.path);
        }
        let mut message = format!("Import {} datasets from {source}:", self.layers.len());
        for ClosedLayer { path, layer, .. } in &self.layers {
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

    /// The branch that will move.
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// Where the branch stood when the stage was opened.
    pub fn previous_tip(&self) -> Option<gix::ObjectId> {
        self.tip.map(Into::into)
    }

    /// Makes the objects visible, then moves the branch, if it still stands where it stood.
    ///
    /// The branch is locked first: where it cannot be moved the objects stay unseen, and are removed.
    ///
    /// # Errors
    /// [`StageError::BranchMoved`] if it stands elsewhere, [`StageError::Update`] if it is locked by another program; if the
    /// disk fails.
    pub fn publish(self) -> Result<Commit, StageError> {
        let edit = self.edit()?;
        let path = self.repository.path().join(edit.name.as_bstr().to_path_lossy());
        let git = self.repository.git();
        let locked = git.refs.transaction().prepare(Some(edit), PATIENCE, PATIENCE);
        let locked = locked.map_err(|source| self.why_not(source))?;
        let unsynced = |source| StageError::Sync { branch: self.branch.clone(), source };
        // The lock becomes the ref by a rename: its content must be on the disk before.
        File::open(with_ending(&path, ".lock")).and_then(|lock| lock.sync_all()).map_err(unsynced)?;
        let _kept = self.pack.publish()?;
        let mut time = gix::date::parse::TimeBuf::default();
        let committer = Some(self.committer.to_ref(&mut time));
        let branch = self.branch;
        locked.commit(committer).map_err(|source| StageError::Update { branch: branch.clone(), source })?;
        sync_folders(&path).map_err(|source| StageError::Sync { branch, source })?;
        Ok(self.commit)
    }

    /// Whether somebody else moved the branch, or it could not be locked.
    fn why_not(&self, source: gix::Error) -> StageError {
        let branch = self.branch.clone();
        match self.repository.branch_tip(&branch) {
            Ok(tip) if tip.map(bytes) == self.tip => StageError::Update { branch, source },
            Ok(_) => StageError::BranchMoved { branch, source },
            Err(error) => error.into(),
        }
    }

    fn edit(&self) -> Result<RefEdit, StageError> {
        let expected = match self.tip {
            Some(tip) => PreviousValue::MustExistAndMatch(Target::Object(tip.into())),
            None => PreviousValue::MustNotExist,
        };
        let log =
            LogChange { mode: RefLog::AndReference, force_create_reflog: false, message: self.log_line() };
        Ok(RefEdit {
            change: Change::Update { log, expected, new: Target::Object(self.commit.id) },
            name: branch_ref(&self.branch)?,
            deref: false,
        })
    }

    fn log_line(&self) -> BString {
        let subject = self.commit.message.lines().next().unwrap_or_default();
        format!("import: {subject}").into()
    }
}

fn signature(identity: &Identity, time: Timestamp) -> gix::actor::Signature {
    gix::actor::Signature {
        name: identity.name.clone().into(),
        email: identity.email.clone().into(),
        time: gix::date::Time { seconds: time.as_second(), offset: 0 },
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// Brings the folders that lead to a ref to the disk, up to `refs/heads`; some may be new.
fn sync_folders(path: &Path) -> io::Result<()> {
    for folder in path.ancestors().skip(1) {
        File::open(folder)?.sync_all()?;
        if folder.ends_with("refs/heads") {
            break;
        }
    }
    Ok(())
}
