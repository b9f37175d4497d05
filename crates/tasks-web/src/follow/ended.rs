use std::sync::{Mutex, PoisonError};

use longhaul_tasks::{Task, TaskId};

use super::{printed::Kind, view::Document};
use crate::Printer;

/// Documents that are kept: enough for the tasks that are asked for now.
const PLACES: usize = 512;
/// The longest one that is kept, in bytes; so all of them take 8 MiB at most.
const LONGEST: usize = 16 * 1024;

/// The documents of ended tasks that were asked for last. They do not change any more, so each is printed once, however
/// often it is polled.
pub(crate) struct Ended(Box<[Mutex<Option<Kept>>]>);

struct Kept {
    id: TaskId,
    kind: Kind,
    document: Document,
}

impl Default for Ended {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Mutex::default()).collect())
    }
}

impl Ended {
    /// The document of an ended task for this caller.
    pub(crate) fn document(&self, task: &Task, printer: &Printer) -> Document {
        let place = &self.0[place(task.id, printer)];
        let is_asked = |kept: &&Kept| kept.id == task.id && kept.kind.is_of(printer);
        let kept = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_ref().filter(is_asked) {
            return kept.document.clone();
        }
        drop(kept);
        let document = Document::new(printer.task(task));
        if document.bytes.len() <= LONGEST {
            let kept = Kept { id: task.id, kind: Kind::of(printer), document: document.clone() };
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        }
        document
    }
}

/// The two formats of one task do not push each other out.
fn place(id: TaskId, printer: &Printer) -> usize {
    (id.0.wrapping_mul(2).wrapping_add(printer.format as u64) % PLACES as u64) as usize
}
