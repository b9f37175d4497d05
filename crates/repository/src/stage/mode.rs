//! How a layer is written.

/// What becomes of the features that the branch has of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They go; what is written takes their place.
    Replace,
    /// They stay, except those whose key is written anew.
    Add,
}
