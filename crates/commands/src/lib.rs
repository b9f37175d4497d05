#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod change_warnings;
mod commit_listener;
mod commit_rules;
mod destination;
mod download_osm;
mod dry_run;
mod environment;
mod export;
mod export_diff;
mod export_layers;
mod import_geopackage;
mod import_osm;
mod import_roots;
mod input_names;
mod job_warnings;
mod layer_report;
mod osm_commit;
mod osm_layers;
mod osm_mapping;
mod overpass;
mod public_error;
mod report;
mod repository_locks;
mod revert_commits;
mod staged_commit;
mod workers;

pub use commit_listener::{CommitListener, MadeCommit};
pub use commit_rules::{CommitRules, Guards, InvalidMaxDeletes, MaxDeletes};
pub use destination::{Author, Destination, sealed_publication};
pub use download_osm::{DownloadFilter, DownloadOsm, DownloadParameters, check_filter, filter_of_bbox};
pub use dry_run::dry_run_tree;
pub use environment::{Environment, repository_lane};
pub use export::{Export, ExportError, ExportFormat, ExportProgress, Exported, Window, check_crs};
pub use export_diff::ExportDiff;
pub use export_layers::ExportLayers;
pub use import_geopackage::ImportGeopackage;
pub use import_osm::{ImportOsm, OsmFile};
pub use import_roots::{ImportRoots, RootError};
pub use input_names::InputNames;
pub use osm_mapping::{OsmMapping, OsmMappingError};
pub use overpass::Overpass;
pub use report::{commit_members, counted_commit_members};
pub use repository_locks::{ExclusiveGuard, RepositoryLocks, SharedGuard};
pub use revert_commits::{RevertCommits, RevertRange};
