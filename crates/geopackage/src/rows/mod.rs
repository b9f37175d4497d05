//! The rows of a table.

mod feature_ids;
mod findings;
mod part;
mod read_plan;
mod reader;
mod value_type;

pub(crate) use feature_ids::{FeatureIds, ID_COLUMN};
pub use findings::Findings;
pub use part::Part;
pub(crate) use part::split;
pub(crate) use read_plan::ReadPlan;
pub use reader::{Batches, Reader};
pub(crate) use value_type::{GeometryRule, ValueType};
