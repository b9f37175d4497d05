//! What users ask for, a file per command.
//!
//! A command brings the crates together that know formats and repositories, and tells the task it runs as how far it
//! is. It knows no HTTP: the command line runs the same ones.
#![forbid(unsafe_code)]

mod destination;
mod download_osm;
mod environment;
mod import_geopackage;
mod import_osm;
mod import_roots;
mod layer_import;
mod osm_layers;
mod osm_mapping;
mod public_error;
mod report;
mod repository_locks;

pub use destination::{Author, Destination};
pub use download_osm::{DownloadOsm, DownloadWords, OsmArea, Overpass, check_filter, filter_of_bbox};
pub use environment::{Environment, repository_lane};
pub use import_geopackage::ImportGeopackage;
pub use import_osm::{ImportOsm, OsmFile};
pub use import_roots::{ImportRoots, RootError};
pub use osm_mapping::{OsmMapping, OsmMappingError};
pub use report::commit_members;
pub use repository_locks::{ExclusiveGuard, RepositoryLocks};
