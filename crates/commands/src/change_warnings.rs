//! Warnings about what a commit does to layers that were there.

use longhaul_repository::{LayerChanges, SchemaChange};
use longhaul_tasks::Report;

use crate::job_warnings::extend_list;

/// The most warnings about one commit.
const MOST: usize = 100;

/// The report with these warnings behind those that it has.
pub(crate) fn with_warnings(report: Report, warnings: Vec<String>) -> Report {
    // The reports of OpenStreetMap data have always had another name for them.
    let is_osm = report.members().iter().any(|(name, _)| name == "OSMReport");
    extend_list(report, if is_osm { "warnings" } else { "warning" }, warnings)
}

/// What is unusual about the changes.
pub(crate) fn warnings(changes: &[LayerChanges]) -> Vec<String> {
    let mut warnings: Vec<String> =
        changes.iter().filter(|layer| layer.old.is_some()).flat_map(of_layer).collect();
    if warnings.len() > MOST {
        let more = warnings.len() - MOST;
        warnings.truncate(MOST);
        warnings.push(format!("and {more} more"));
    }
    warnings
}

fn of_layer(layer: &LayerChanges) -> Vec<String> {
    let path = &layer.path;
    let is_unusual = |change: &&SchemaChange| {
        matches!(
            change,
            SchemaChange::CrsChanged { .. }
                | SchemaChange::GeometryTypeChanged { .. }
                | SchemaChange::TypeChanged { .. }
        )
    };
    let changed = layer.schema.iter().filter(is_unusual);
    let mut warnings: Vec<String> = changed.map(|change| format!("layer '{path}': {change}")).collect();
    let (before, after, deleted) = (layer.features_before(), layer.features(), layer.counts.deleted);
    if before > 0 && after == 0 {
        warnings.push(format!("layer '{path}' became empty: all {before} features were deleted"));
    } else if deleted > before / 2 {
        warnings.push(format!("layer '{path}': {deleted} of {before} features were deleted"));
    }
    warnings
}
