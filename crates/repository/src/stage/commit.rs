//! The commit, and the moment in which the branch moves.

use std::{fs::File, io, path::Path};

use gix::{
    bstr::{BString, ByteSlice},
    objs::WriteTo,
    refs::{
        Target,
        transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog},
    },
};
use jiff::Timestamp;

use super::{Stage, StageError};
use crate::{
    Commit, DatasetPath, Identity, Repository,
    object::{Id, Kind, bytes},
    pack::FinishedPack,
    repository::branch_ref,
};

/// A layer that was taken in.
pub(super) struct Imported {
    pub(super) path: DatasetPath,
    /// What it was called where it came from.
    pub(super) layer: String,
    pub(super) tree: Id,
    pub(super) features: u64,
}

/// What a commit says beside its tree.
#[derive(Clone, Debug)]
pub struct CommitDetails {
    /// Who made the change.
    pub author: Identity,
    /// Who records it.
    pub committer: Identity,
    /// Why; in Kart's words if nobody says.
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
        let git = self.repository.git();
        let tree = self.root.write(&git, &mut self.inlet)?;
        if let Some(tip) = self.tip.filter(|_| self.root.base() == Some(tree)) {
            return Err(StageError::NothingToCommit(tip.into()));
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

    fn commit_object(&self, tree: Id, details: &CommitDetails) -> Result<gix::objs::Commit, StageError> {
        let message = details.message.clone();
        Ok(gix::objs::Commit {
            tree: tree.into(),
            parents: self.tip.into_iter().map(Into::into).collect(),
            author: signature(&details.author, details.time),
            committer: signature(&details.committer, details.time),
            encoding: None,
            message: message.unwrap_or_else(|| self.default_message(&details.source)).into(),
            extra_headers: Vec::new(),
        })
    }

    /// Kart's words for an import.
    fn default_message(&self, source: &str) -> String {
        match &self.imported[..] {
            [one] => format!("Import from {source}:{} to {}/", one.layer, one.path),
            all => {
                let mut message = format!("Import {} datasets from {source}:", all.len());
                for Imported { path, layer, .. } in all {
                    message += &format!("\n * {path}/");
                    if path.as_str() != layer {
                        message += &format!(" (from {layer})");
                    }
                }
                message
            }
        }
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
    /// # Errors
    /// [`StageError::BranchMoved`] if it does not; the objects are then named by nothing, and Git's housekeeping
    /// removes them in its own time.
    pub fn publish(self) -> Result<Commit, StageError> {
        let edit = self.edit()?;
        let path = self.repository.path().join(edit.name.as_bstr().to_path_lossy());
        self.pack.publish()?;
        let git = self.repository.git();
        let mut time = gix::date::parse::TimeBuf::default();
        if let Err(source) = git.edit_references_as(Some(edit), Some(self.committer.to_ref(&mut time))) {
            let tip = self.repository.branch_tip(&self.branch)?;
            let moved = tip.map(bytes) != self.tip;
            let branch = self.branch;
            return Err(if moved {
                StageError::BranchMoved { branch, source }
            } else {
                StageError::Update { branch, source }
            });
        }
        sync(&path).map_err(|source| StageError::Sync { branch: self.branch, source })?;
        Ok(self.commit)
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

/// Brings a file that was renamed into its place to the disk, and the folder that names it.
fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
