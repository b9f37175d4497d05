//! What users ask for, a file per command.
//!
//! A command brings the crates together that know formats and repositories, and tells the task it runs as how far it
//! is. It knows no HTTP: the command line runs the same ones.
#![forbid(unsafe_code)]

mod destination;
mod environment;
mod import_geopackage;
mod import_osm;
mod layer_import;
mod osm_layers;
mod outward;
mod report;

pub use destination::{Author, Destination};
pub use environment::{Environment, repository_lane};
pub use import_geopackage::ImportGeopackage;
pub use import_osm::ImportOsm;
pub use report::commit_members;
