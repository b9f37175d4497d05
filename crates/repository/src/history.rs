//! Looks for commits in a history.

use gix::ObjectId;

use crate::{Commit, DatasetPath, ReadError, Repository, log::changes_one_of, walk::Walk};

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

    /// For each of these layers the newest commit in the history of `tip` that changed it, among the newest `most` commits.
    ///
    /// Takes time by the commits up to the oldest of them.
    ///
    /// # Errors
    /// If the history cannot be read.
    pub fn last_changes(
        &self,
        tip: ObjectId,
        layers: &[DatasetPath],
        most: usize,
    ) -> Result<Vec<Option<Commit>>, ReadError> {
        let git = self.git();
        let unreadable = |source| self.unreadable(&format!("walk the history of {tip}"), source);
        let mut found: Vec<Option<Commit>> = vec![None; layers.len()];
        for id in Walk::new(&git, tip, false).map_err(unreadable)?.take(most) {
            if found.iter().all(Option::is_some) {
                break;
            }
            let commit = git.find_commit(id.map_err(unreadable)?).map_err(unreadable)?;
            for (layer, found) in layers.iter().zip(&mut found).filter(|(_, found)| found.is_none()) {
                if changes_one_of(&git, &commit, &[layer.as_str().to_owned()]).map_err(unreadable)? {
                    *found = Some(Commit::read(&git, commit.id).map_err(unreadable)?);
                }
            }
        }
        Ok(found)
    }

    /// The newest commit in the history of `tip` for which `is_wanted` holds; `None` if there is none.
    ///
    /// # Errors
    /// If the history cannot be read.
    pub fn newest(
        &self,
        tip: ObjectId,
        is_wanted: impl Fn(&Commit) -> bool,
    ) -> Result<Option<Commit>, ReadError> {
        let git = self.git();
        let unreadable = |source| self.unreadable(&format!("walk the history of {tip}"), source);
        for id in Walk::new(&git, tip, false).map_err(unreadable)? {
            let commit = Commit::read(&git, id.map_err(unreadable)?).map_err(unreadable)?;
            if is_wanted(&commit) {
                return Ok(Some(commit));
            }
        }
        Ok(None)
    }
}
