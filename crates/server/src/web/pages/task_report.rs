//! The result of a task, taken apart for its page.

use longhaul_repository::FeatureCounts;
use longhaul_tasks::{Report, ReportValue};
use serde_json::{Map, Value};

use super::{commit_row::ChangeBar, text::count};

/// What the page of a task says about its result.
#[derive(Default)]
pub(super) struct TaskReport {
    /// The id of the commit that it has made.
    pub(super) commit: Option<String>,
    pub(super) layers: Vec<LayerChange>,
    pub(super) warnings: Vec<String>,
    pub(super) conflicts: Vec<String>,
    pub(super) is_dry_run: bool,
    pub(super) is_unchanged: bool,
    /// The commit on which a dry run is based.
    pub(super) head: Option<String>,
    pub(super) has_file: bool,
    /// All of it, as the API has it.
    pub(super) json: String,
}

/// What a commit has changed, or would change, in a layer.
pub(super) struct LayerChange {
    pub(super) path: String,
    pub(super) changes: ChangeBar,
    pub(super) unchanged: String,
    pub(super) schema: Vec<String>,
}

impl TaskReport {
    pub(super) fn new(report: &Report) -> Self {
        let mut found = Self { json: pretty(report), ..Self::default() };
        for (name, value) in report.members() {
            match (name.as_str(), value) {
                ("commit", ReportValue::Element(commit)) => found.commit = text(commit, "id"),
                ("layer", ReportValue::List(layers)) => {
                    found.layers = elements(layers).map(LayerChange::new).collect();
                }
                ("warning" | "warnings", ReportValue::List(warnings)) => {
                    found.warnings.extend(warnings.iter().filter_map(as_text).map(str::to_owned));
                }
                ("conflict", ReportValue::List(conflicts)) => {
                    let line = |conflict: &Report| {
                        Some(format!("{}: {}", text(conflict, "path")?, text(conflict, "reason")?))
                    };
                    found.conflicts = elements(conflicts).filter_map(line).collect();
                }
                ("dryRun", ReportValue::Boolean(truth)) => found.is_dry_run = *truth,
                ("unchanged", ReportValue::Boolean(truth)) => found.is_unchanged = *truth,
                ("head", value) => found.head = as_text(value).map(str::to_owned),
                (_, ReportValue::ResultFile { .. }) => found.has_file = true,
                _ => {}
            }
        }
        found
    }
}

impl LayerChange {
    fn new(layer: &Report) -> Self {
        let number = |name| u64::try_from(integer(layer, name)).unwrap_or_default();
        let counts =
            FeatureCounts { added: number("added"), changed: number("changed"), deleted: number("deleted") };
        let schema = match layer.get("schemaChange") {
            Some(ReportValue::List(changes)) => {
                changes.iter().filter_map(as_text).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        Self {
            path: text(layer, "path").unwrap_or_default(),
            changes: ChangeBar::new(counts),
            unchanged: count(number("unchanged")),
            schema,
        }
    }
}

fn elements(values: &[ReportValue]) -> impl Iterator<Item = &Report> {
    values.iter().filter_map(|value| match value {
        ReportValue::Element(report) => Some(report),
        _ => None,
    })
}

fn text(report: &Report, name: &str) -> Option<String> {
    report.get(name).and_then(as_text).map(str::to_owned)
}

fn integer(report: &Report, name: &str) -> i64 {
    match report.get(name) {
        Some(ReportValue::Integer(number)) => *number,
        _ => 0,
    }
}

fn as_text(value: &ReportValue) -> Option<&str> {
    match value {
        ReportValue::Text(text) | ReportValue::LongText(text) => Some(text),
        _ => None,
    }
}

fn pretty(report: &Report) -> String {
    serde_json::to_string_pretty(&json(report)).unwrap_or_default()
}

fn json(report: &Report) -> Value {
    let members = report.members().iter().map(|(name, value)| (name.clone(), json_value(value)));
    Value::Object(members.collect::<Map<_, _>>())
}

fn json_value(value: &ReportValue) -> Value {
    match value {
        ReportValue::Null => Value::Null,
        ReportValue::Text(text)
        | ReportValue::LongText(text)
        | ReportValue::Attribute(text)
        | ReportValue::Link(text) => Value::from(text.as_str()),
        ReportValue::Integer(number) => Value::from(*number),
        ReportValue::Float(number) => Value::from(*number),
        ReportValue::Boolean(truth) => Value::from(*truth),
        ReportValue::Element(report) => json(report),
        ReportValue::List(values) => values.iter().map(json_value).collect(),
        ReportValue::ResultFile { media_type } => Value::from(media_type.as_str()),
    }
}
