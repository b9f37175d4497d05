#![doc = include_str!("../README.md")]

mod build;
mod cache;
mod coverage;
mod format;
mod index;
mod leaves;
mod levels;
mod window;

pub use build::{BuildError, BuildOptions, build};
pub use cache::IndexCache;
pub use format::NotAnIndex;
pub use index::LayerIndex;
pub use leaves::{Leaf, Leaves};
pub use window::Window;
