use longhaul_tasks::{Report, ReportValue, Task};

use crate::{
    Renderer,
    rendered::{RenderCache, RenderedDocument},
};

/// A task at one moment, with the documents that were rendered of it.
pub(crate) struct Snapshot {
    pub(super) task: Task,
    documents: RenderCache<RenderedDocument>,
}

impl Snapshot {
    pub(super) fn new(task: Task) -> Self {
        Self { task, documents: RenderCache::default() }
    }

    pub(crate) fn task(&self) -> &Task {
        &self.task
    }

    /// The document for this caller.
    pub(crate) fn document(&self, renderer: &Renderer) -> RenderedDocument {
        self.documents.get(renderer, || RenderedDocument::new(renderer.task(&self.task)))
    }

    /// Whether the task looks the same as in this snapshot, its progress included.
    pub(super) fn equals(&self, task: &Task) -> bool {
        self.has_same_status(task) && self.task.progress == task.progress
    }

    /// Whether nothing but the progress of the task has changed.
    pub(super) fn has_same_status(&self, task: &Task) -> bool {
        let times = |task: &Task| (task.started, task.finished);
        self.task.status == task.status && times(&self.task) == times(task)
    }

    /// Roughly its size in memory, in bytes.
    pub(super) fn weight(&self) -> usize {
        let error = self.task.error.as_ref();
        let causes = error.map_or(0, |error| error.causes.iter().map(String::len).sum());
        let messages = causes + error.map_or(0, |error| error.message.len());
        512 + self.task.description.len()
            + messages
            + self.task.result.as_ref().map_or(0, |report| weight(report))
    }
}

fn weight(report: &Report) -> usize {
    report.members().iter().map(|(name, node)| name.len() + weight_of_node(node)).sum()
}

fn weight_of_node(node: &ReportValue) -> usize {
    size_of::<ReportValue>()
        + match node {
            ReportValue::Text(text)
            | ReportValue::Attribute(text)
            | ReportValue::LongText(text)
            | ReportValue::Link(text) => text.len(),
            ReportValue::Element(members) => weight(members),
            ReportValue::List(items) => items.iter().map(weight_of_node).sum(),
            _ => 0,
        }
}
