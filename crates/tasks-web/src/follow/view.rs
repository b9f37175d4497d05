use axum::http::HeaderValue;
use bytes::Bytes;
use longhaul_tasks::{Node, Report, Task};

use super::printed::Printed;
use crate::{Printer, tag};

/// A task at one moment, with what was printed of it.
pub(crate) struct View {
    pub(super) task: Task,
    printed: Printed<Document>,
}

/// A printed document with its tag.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) bytes: Bytes,
    pub(crate) tag: HeaderValue,
}

impl Document {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { tag: tag::of(&bytes), bytes: bytes.into() }
    }
}

impl View {
    pub(super) fn new(task: Task) -> Self {
        Self { task, printed: Printed::default() }
    }

    pub(crate) fn task(&self) -> &Task {
        &self.task
    }

    /// The document for this caller.
    pub(crate) fn document(&self, printer: &Printer) -> Document {
        self.printed.of(printer, || Document::new(printer.task(&self.task)))
    }

    /// Whether it says of the task what this says, its progress included.
    pub(super) fn says_the_same(&self, task: &Task) -> bool {
        self.is_at_the_same_point(task) && self.task.progress == task.progress
    }

    /// Whether nothing has happened to the task but progress.
    pub(super) fn is_at_the_same_point(&self, task: &Task) -> bool {
        let times = |task: &Task| (task.started, task.finished);
        self.task.status == task.status && times(&self.task) == times(task)
    }

    /// About how many bytes it holds.
    pub(super) fn weight(&self) -> usize {
        let error = self.task.error.as_ref();
        let causes = error.map_or(0, |error| error.causes.iter().map(String::len).sum());
        let told = causes + error.map_or(0, |error| error.message.len());
        512 + self.task.description.len()
            + told
            + self.task.result.as_ref().map_or(0, |report| weight(report))
    }
}

fn weight(report: &Report) -> usize {
    report.members().iter().map(|(name, node)| name.len() + weight_of_node(node)).sum()
}

fn weight_of_node(node: &Node) -> usize {
    size_of::<Node>()
        + match node {
            Node::Text(text) | Node::Attribute(text) | Node::LongText(text) | Node::Link(text) => text.len(),
            Node::Element(members) => weight(members),
            Node::List(items) => items.iter().map(weight_of_node).sum(),
            _ => 0,
        }
}
