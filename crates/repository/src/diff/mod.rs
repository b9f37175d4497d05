//! What differs between two commits.
//!
//! ```text
//! Repository::diff() ──▶ CommitDiff: the layers and files that differ
//!                            │
//!               Repository::layer_diff() ──▶ LayerDiff ──meta()──▶ MetaChange: title, columns, reference systems
//!                                                └──features()──▶ FeatureChange: key and blobs, values on request
//! ```
//!
//! Trees are compared, not features: a tree that both sides share is not read, so the time depends on what differs and not on
//! how much there is.

mod change_table;
mod commit_diff;
mod counts;
mod error;
mod feature_changes;
mod feature_key;
mod json_lines;
mod layer_diff;
mod meta_changes;
mod page;
mod path_filter;
mod schema_changes;
mod tree_pair;

pub use commit_diff::{ChangedLayer, CommitDiff, FileChange};
pub use counts::FeatureCounts;
pub use error::DiffError;
pub(crate) use feature_changes::RawChanges;
pub use feature_changes::{ChangeKind, FeatureChange, FeatureChanges};
pub use feature_key::FeatureKey;
pub use json_lines::JsonLines;
pub use layer_diff::{LayerDiff, LayerValues};
pub use meta_changes::{MetaChange, MetaValue};
pub use page::{DiffPage, DiffQuery, FeatureDifference, FeatureGeometry};
pub use schema_changes::{SchemaChange, schema_changes};
