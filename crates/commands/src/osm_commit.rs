//! The message and the report of a commit of OpenStreetMap data.

use longhaul_osm::SourceMetadata;
use longhaul_repository::Commit;
use longhaul_tasks::Report;

use crate::{job_warnings::JobWarnings, osm_layers::OsmStatistics, report::commit_members};

/// The message of GeoGig, for requests without a message.
const DEFAULT_MESSAGE: &str = "Updated OSM data";

/// The requested message, or the default for a blank one, with what the commit lacks of the data.
pub(crate) fn message(requested: Option<String>, warnings: &JobWarnings) -> String {
    let requested = requested.filter(|message| !message.trim().is_empty());
    let message = warnings.with_losses(requested, DEFAULT_MESSAGE);
    message.unwrap_or_else(|| DEFAULT_MESSAGE.to_owned())
}

/// The statistics and the commit.
pub(crate) fn report(
    statistics: &OsmStatistics,
    metadata: &SourceMetadata,
    warnings: &JobWarnings,
    commit: &Commit,
) -> Report {
    statistics.report(metadata, warnings).element("commit", commit_members(commit))
}
