//! A task in a list, and at the top of its own page.

use longhaul_tasks::{Progress, Status, Task};
use longhaul_tasks_web::Permit;

use super::text::{Moment, count, duration};

/// A task as pages show it.
pub(super) struct TaskRow {
    pub(super) id: u64,
    pub(super) kind: &'static str,
    pub(super) raw_kind: String,
    pub(super) description: String,
    pub(super) status: Status,
    pub(super) repository: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) created: Moment,
    pub(super) progress: Option<ProgressRow>,
    /// How long it has run, once it has ended.
    pub(super) took: Option<String>,
    pub(super) error: Option<String>,
    /// Whether its reader may cancel and remove it.
    pub(super) may_touch: bool,
}

/// How far a task is.
pub(super) struct ProgressRow {
    pub(super) step: String,
    pub(super) done: u64,
    pub(super) total: Option<u64>,
    /// `1,200 of 5,000 features`.
    pub(super) shown: String,
}

impl TaskRow {
    pub(super) fn new(task: &Task, permit: Permit) -> Self {
        let took = task.started.zip(task.finished).map(|(start, end)| duration(end.duration_since(start)));
        Self {
            id: task.id.0,
            kind: kind_title(&task.kind),
            raw_kind: task.kind.to_string(),
            description: task.description.to_string(),
            status: task.status,
            repository: task.subject.as_deref().map(str::to_owned),
            owner: task.owner.as_deref().map(str::to_owned),
            created: task.created.into(),
            progress: task.progress.as_ref().map(ProgressRow::new),
            took,
            error: task.error.as_ref().map(|error| error.message.clone()),
            may_touch: permit == Permit::Touch,
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.status.has_ended()
    }

    /// The class of its status, in lower case.
    pub(super) fn status_class(&self) -> String {
        self.status.as_str().to_ascii_lowercase()
    }

    pub(super) fn status_text(&self) -> &'static str {
        status_text(self.status)
    }
}

impl ProgressRow {
    fn new(progress: &Progress) -> Self {
        let unit = &progress.unit;
        let shown = match progress.total {
            Some(total) => format!("{} of {} {unit}", count(progress.done), count(total)),
            None if progress.done == 0 => String::new(),
            None => format!("{} {unit}", count(progress.done)),
        };
        Self { step: progress.step.to_string(), done: progress.done, total: progress.total, shown }
    }
}

/// The status as a word of a sentence.
pub(super) fn status_text(status: Status) -> &'static str {
    match status {
        Status::Waiting => "waiting",
        Status::Running => "running",
        Status::Finished => "finished",
        Status::Failed => "failed",
        Status::Cancelled => "cancelled",
    }
}

/// The kinds that pages offer as filters.
pub(super) const KINDS: [(&str, &str); 5] = [
    ("import-geopackage", "GeoPackage import"),
    ("import-osm", "OpenStreetMap import"),
    ("download-osm", "OpenStreetMap download"),
    ("revert", "Revert"),
    ("export", "Export"),
];

fn kind_title(kind: &str) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("Task", |(_, title)| title)
}
