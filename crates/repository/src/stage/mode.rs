//! How a layer is written.

/// What becomes of the features that the branch has in a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are replaced by those that are written.
    Replace,
    /// They stay, except those whose keys are written again.
    Add,
}
