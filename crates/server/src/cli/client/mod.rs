//! A client of the web API of a Longhaul server.

mod address;
mod error;
mod lines;
mod ordered_json;
mod poll_interval;
mod repositories;
mod task;
mod transport;
mod upload;

pub use address::ServerAddress;
pub use error::ClientError;
pub use ordered_json::{Members, OrderedJson};
pub use repositories::{Commit, Person};
pub use task::{DryRun, EndedTask, Task, TaskError};
pub use transport::{ApiResponse, Client};
pub use upload::{Upload, mapping_text};
