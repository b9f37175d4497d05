//! Warnings about what a commit does to layers that were there.

use longhaul_geodata::geometry::Extent;
use longhaul_repository::{LayerChanges, SchemaChange};
use longhaul_tasks::Report;

use crate::job_warnings::extend_list;

/// The most warnings about one commit.
const MOST: usize = 100;

/// The report with these warnings behind those that it has.
pub(crate) fn with_warnings(report: Report, warnings: Vec<String>) -> Report {
    // The reports of OpenStreetMap data have always had another name for them.
    let is_osm = report.get("OSMReport").is_some();
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
    let has_other_crs = layer.schema.iter().any(|change| matches!(change, SchemaChange::CrsChanged { .. }));
    if let (Some(old), Some(new), false) = (layer.old_extent, layer.extent, has_other_crs)
        && is_far_outside(old, new)
    {
        warnings.push(format!(
            "layer '{path}': the extent was {} and is {}, far outside of the old one",
            extent_text(old),
            extent_text(new)
        ));
    }
    warnings
}

/// Whether the new extent is farther outside of the old one, on some side, than that is wide or high.
fn is_far_outside(old: Extent, new: Extent) -> bool {
    let size = (old.max_x - old.min_x).max(old.max_y - old.min_y);
    let grown = Extent {
        min_x: old.min_x - size,
        min_y: old.min_y - size,
        max_x: old.max_x + size,
        max_y: old.max_y + size,
    };
    size > 0.0 && !grown.contains(&new)
}

/// `5.1,52,5.3,52.2`: as in a bounding box.
fn extent_text(extent: Extent) -> String {
    format!("{},{},{},{}", extent.min_x, extent.min_y, extent.max_x, extent.max_y)
}
