//! Runs a hook when everything is staged and the task is about to be sealed.

use std::{sync::Arc, time::Duration};

use std::sync::Mutex;

use longhaul_tasks::{
    Counters, Filter, MemoryStore, TaskId, Totals,
    store::{Answer, Answering, Claimed, Journal, Limits, Listener, Record, Swept, Transition, View},
};

/// The hook.
type Hook = Box<dyn FnOnce(&MemoryStore, TaskId) + Send>;

/// A store that calls a hook once, before the first task is sealed.
pub struct SealHookStore {
    store: MemoryStore,
    hook: Mutex<Option<Hook>>,
}

impl SealHookStore {
    pub fn new(hook: impl FnOnce(&MemoryStore, TaskId) + Send + 'static) -> Self {
        Self { store: MemoryStore::new(), hook: Mutex::new(Some(Box::new(hook))) }
    }
}

impl Journal for SealHookStore {
    fn attach(&self, listener: Arc<dyn Listener>, limits: Limits) {
        self.store.attach(listener, limits);
    }

    fn write(&self, wishes: Vec<Transition>) -> Answering<'_, Vec<Answer>> {
        let sealed = wishes.iter().find_map(|wish| match wish {
            Transition::Sealed { id, .. } => Some(*id),
            _ => None,
        });
        if let Some(id) = sealed
            && let Some(hook) = self.hook.lock().unwrap().take()
        {
            hook(&self.store, id);
        }
        self.store.write(wishes)
    }

    fn claim(&self) -> Answering<'_, Option<Claimed>> {
        self.store.claim()
    }

    fn sweep(&self, keep: Duration) -> Answering<'_, Swept> {
        self.store.sweep(keep)
    }
}

impl View for SealHookStore {
    fn get(&self, id: TaskId) -> Answering<'_, Option<Arc<Record>>> {
        self.store.get(id)
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Vec<Arc<Record>>> {
        self.store.list(filter)
    }

    fn totals<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Totals> {
        self.store.totals(filter)
    }

    fn counters(&self) -> Counters {
        self.store.counters()
    }
}
