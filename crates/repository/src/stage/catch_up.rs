//! Following a branch that has moved while a commit for it was being prepared.

use super::{Stage, StageError, root::Root};
use crate::object::bytes;

impl Stage {
    /// Puts the stage on top of where the branch stands now, if nobody touched the layers that it writes meanwhile.
    ///
    /// What is staged stays as it is: it depends on what the branch had of these layers, and on nothing else. Whoever
    /// prepares a commit for hours need not fail because somebody else committed another layer.
    ///
    /// # Errors
    /// [`StageError::LayerMoved`] if somebody did touch one of them, or made one where there was none; if the repository
    /// cannot be read.
    pub fn catch_up(&mut self) -> Result<(), StageError> {
        let tip = self.repository.branch_tip(&self.branch)?.map(bytes);
        // A branch that is gone stays gone: what is published expects it where it was.
        if tip.is_none() || tip == self.tip {
            return Ok(());
        }
        let git = self.repository.git();
        let mut root = Root::open(&git, tip)?;
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
