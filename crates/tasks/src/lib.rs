//! Runs long jobs in the background and answers questions about them.
//!
//! Knows no HTTP and no geodata.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use longhaul_tasks::{Context, Failure, Job, Registry, Report, Status, Submission, Tasks};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Count {
//!     to: u64,
//! }
//!
//! impl Job for Count {
//!     const KIND: &'static str = "count";
//!     type Env = ();
//!
//!     fn description(&self) -> String {
//!         format!("Count to {}.", self.to)
//!     }
//!
//!     fn run(self, _env: &(), ctx: &Context) -> Result<Report, Failure> {
//!         ctx.step("Counting...").total(Some(self.to)).unit("numbers");
//!         let mut sum = 0;
//!         for number in ctx.track(1..=self.to) {
//!             sum += number?;
//!         }
//!         Ok(Report::new().integer("sum", sum as i64))
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_time().build()?.block_on(async {
//! let tasks = Tasks::builder(Registry::new(()).with::<Count>()).start();
//! let task = tasks.submit(Count { to: 4 }, Submission::default()).await?;
//! let task = tasks.wait(task.id).await?.expect("it was just submitted");
//! assert_eq!(task.status, Status::Finished);
//! assert_eq!(*task.result.unwrap(), Report::new().integer("sum", 10));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod block_on;
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
pub use report::{Node, Report};
pub use runtime::ResultFile;
#[cfg(feature = "sqlite")]
pub use store::SqliteStore;
pub use store::{Idempotency, MemoryStore, StoreError};
pub use task::{ErrorReport, PRIORITY_STEP, Priority, Progress, Status, Task, TaskId};
pub use tasks::{Change, Page, Submission, SubmitError, Tasks};
