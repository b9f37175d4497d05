//! What a commit changes, in the report of its task.

use longhaul_repository::LayerChanges;
use longhaul_tasks::{Report, ReportValue};

/// The report with a list `layer` of what changes in each layer.
pub(crate) fn with_layers(report: Report, changes: &[LayerChanges]) -> Report {
    report.list("layer", changes.iter().map(|layer| ReportValue::Element(layer_report(layer))))
}

fn layer_report(layer: &LayerChanges) -> Report {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let report = Report::new()
        .text("path", layer.path.as_str())
        .integer("added", number(layer.counts.added))
        .integer("changed", number(layer.counts.changed))
        .integer("deleted", number(layer.counts.deleted))
        .integer("unchanged", number(layer.unchanged));
    match layer.schema.is_empty() {
        true => report,
        false => report
            .list("schemaChange", layer.schema.iter().map(|change| ReportValue::text(change.to_string()))),
    }
}
