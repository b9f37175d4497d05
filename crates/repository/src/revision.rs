//! What a text such as `master`, `HEAD~2` or `1582725` names.

use gix::ObjectId;

use crate::{ReadError, Repository};

/// Longer texts name nothing; spares the parser.
const LONGEST: usize = 1024;

impl Repository {
    /// The commit that `revision` names, in the words of `git rev-parse`: a branch, a tag, an id or the beginning of
    /// one, `HEAD`, and steps from there such as `~2` and `^2`.
    pub fn commit_named(&self, revision: &str) -> Result<ObjectId, ReadError> {
        resolve(&self.git(), revision).ok_or_else(|| ReadError::UnknownRevision(revision.to_owned()))
    }
}

/// The commit, or nothing if `revision` names none.
pub(crate) fn resolve(git: &gix::Repository, revision: &str) -> Option<ObjectId> {
    // A colon would name a path, or search all messages.
    if revision.len() > LONGEST || revision.contains(':') || revision.contains("^{/") {
        return None;
    }
    let object = git.rev_parse_single(revision).ok()?.object().ok()?;
    Some(object.peel_to_commit().ok()?.id)
}

/// Whether `revision` names HEAD or its branch, which has no commit yet.
pub(crate) fn is_unborn_head(git: &gix::Repository, revision: &str) -> bool {
    let Ok(Some(branch)) = git.head_name() else { return false };
    revision == "HEAD" || branch.as_bstr() == revision || branch.shorten() == revision
}

/// The commit that HEAD stands at; `None` in a repository without commits.
pub(crate) fn head(git: &gix::Repository) -> gix::Result<Option<ObjectId>> {
    let head = git.head()?;
    if head.is_unborn() { Ok(None) } else { Ok(Some(git.head_commit()?.id)) }
}
