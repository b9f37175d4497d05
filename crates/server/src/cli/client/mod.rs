//! Speaks to a Longhaul server as any other program would: its JSON, over HTTP.

mod address;
mod document;
mod error;
mod pace;
mod repositories;
mod task;
mod transport;
mod upload;

pub use address::ServerAddress;
pub use document::{Document, Members};
pub use error::ClientError;
pub use repositories::{Commit, Person};
pub use task::{Failure, Task};
pub use transport::{Answer, Client};
pub use upload::Upload;
