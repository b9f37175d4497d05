//! Following a branch that has moved while a commit for it was being prepared.

use super::{Stage, StageError, root_tree::RootTree};
use crate::object::bytes;

impl Stage {
    /// Bases the stage on the commit that the branch stands at now, if nobody changed the layers meanwhile that it writes.
    ///
    /// What is staged depends only on what the branch had of these layers, so it stays as it is. A commit that took hours to
    /// prepare does not fail because somebody else committed another layer.
    ///
    /// # Errors
    /// [`StageError::LayerMoved`] if somebody changed or created one of these layers; if the repository
    /// cannot be read.
    pub fn catch_up(&mut self) -> Result<(), StageError> {
        let tip = self.repository.branch_tip(&self.branch)?.map(bytes);
        // A branch that was deleted is not made again: the publication expects it where it was.
        if tip.is_none() || tip == self.tip {
            return Ok(());
        }
        let git = self.repository.git();
        let mut root = RootTree::open(&git, tip)?;
        for layer in &self.layers {
            root.check_place(&layer.path)?;
            if root.folder(&git, &layer.path)? != self.root.folder(&git, &layer.path)? {
                return Err(StageError::LayerMoved(layer.path.clone()));
            }
            root.reserve(&layer.path);
        }
        (self.tip, self.parent, self.root) = (tip, tip, root);
        Ok(())
    }
}
