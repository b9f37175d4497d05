//! What has become of a commit.

use gix::ObjectId;

use crate::{ReadError, Repository};

impl Repository {
    /// Whether `commit` is in the history of a local branch.
    ///
    /// # Errors
    /// If the history cannot be read.
    pub fn branch_contains(&self, branch: &str, commit: ObjectId) -> Result<bool, ReadError> {
        let Some(tip) = self.branch_tip(branch)? else { return Ok(false) };
        let git = self.git();
        let unreadable = |source| self.unreadable(&format!("walk the history of {branch}"), source);
        for ancestor in git.rev_walk([tip]).all().map_err(unreadable)? {
            if ancestor.map_err(unreadable)?.id == commit {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
