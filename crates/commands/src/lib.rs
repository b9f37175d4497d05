//! What users ask for, a file per command.
//!
//! A command brings the crates together that know formats and repositories, and tells the task it runs as how far it
//! is. It knows no HTTP: the command line runs the same ones.
#![forbid(unsafe_code)]

mod environment;
mod import_geopackage;
mod layer_import;
mod outward;
mod report;

pub use environment::{Environment, repository_lane};
pub use import_geopackage::{Author, ImportGeopackage};
pub use report::commit_members;
