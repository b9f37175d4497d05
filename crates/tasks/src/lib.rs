#![doc = include_str!("../README.md")]
//!
//! # How it works
//!
//! [`Tasks`] sends commands to a [`Store`](store::Store), which decides by [`step`](store::step), a pure function for one task,
//! and makes what has changed durable. Worker threads claim tasks from the store and run their jobs; a maintenance thread takes
//! over tasks that were interrupted, enforces deadlines, and forgets ended tasks. Submits, cancels, seals, ends and prunes are
//! answered once they are durable.
#![forbid(unsafe_code)]

mod builder;
pub mod clock;
mod context;
mod counters;
mod failure;
mod filter;
mod job;
mod progress;
mod registry;
mod report;
mod runtime;
mod sanitize;
pub mod store;
mod task;
mod tasks;

pub use builder::Builder;
pub use context::{CancelGuard, Context, EnterError, LaneGuard, SealRefused, Sealed, Track};
pub use counters::{Counters, Histogram, Recoveries};
pub use failure::{Cancelled, Failure};
pub use filter::{Filter, Totals};
pub use job::{AsyncJob, Job, Lane, PublishError, Submittable};
pub use progress::Step;
pub use registry::Registry;
pub use report::{Report, ReportValue};
pub use runtime::ResultFile;
#[cfg(feature = "sqlite")]
pub use store::{DatabaseCopy, EndedTask, HistoryOptions, SqliteStore};
pub use store::{Idempotency, MemoryStore, StoreError};
pub use task::{ErrorReport, PRIORITY_STEP, Priority, Progress, Status, Task, TaskId};
pub use tasks::{Change, Page, Submission, SubmitError, Tasks};
