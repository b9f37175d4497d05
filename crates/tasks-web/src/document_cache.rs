use std::sync::{Mutex, PoisonError};

use longhaul_tasks::{Task, TaskId};

use crate::{
    Renderer,
    rendered::{RenderKey, RenderedDocument},
};

/// Slots of the cache: enough for the tasks that are polled at the same time.
const SLOTS: usize = 512;
/// The longest document that is cached, in bytes; the whole cache takes 8 MiB at most.
const MAX_LENGTH: usize = 16 * 1024;

/// The documents of ended tasks that were requested last. They do not change any more, so that repeated polls need not render
/// them again.
pub(crate) struct DocumentCache(Box<[Mutex<Option<Entry>>]>);

struct Entry {
    id: TaskId,
    key: RenderKey,
    document: RenderedDocument,
}

impl Default for DocumentCache {
    fn default() -> Self {
        Self((0..SLOTS).map(|_| Mutex::default()).collect())
    }
}

impl DocumentCache {
    /// The document of an ended task for this caller.
    pub(crate) fn get(&self, task: &Task, renderer: &Renderer) -> RenderedDocument {
        let slot = &self.0[slot(task.id, renderer)];
        let is_requested = |entry: &&Entry| entry.id == task.id && entry.key.is_of(renderer);
        let entry = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entry.as_ref().filter(is_requested) {
            return entry.document.clone();
        }
        drop(entry);
        let document = RenderedDocument::new(renderer.task(task));
        if document.bytes.len() <= MAX_LENGTH {
            let entry = Entry { id: task.id, key: RenderKey::of(renderer), document: document.clone() };
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
        }
        document
    }
}

/// The two formats of a task have different slots.
fn slot(id: TaskId, renderer: &Renderer) -> usize {
    (id.0.wrapping_mul(2).wrapping_add(renderer.format as u64) % SLOTS as u64) as usize
}
