//! Runs long jobs in the background and answers questions about them.
//!
//! Knows no HTTP and no geodata.

mod report;
mod task;

pub use report::{Node, Report};
pub use task::{ErrorReport, Progress, Status, Task, TaskId};
