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
pub use document::Document;
pub use error::ClientError;
pub use repositories::{Commit, Node, Person};
pub use task::{Failure, Progress, Task};
pub use transport::{Answer, Client};
pub use upload::Upload;
