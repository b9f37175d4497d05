//! What a job wants to be called when it is to stop.

use std::panic::{AssertUnwindSafe, catch_unwind};

use parking_lot::{Condvar, Mutex};

pub(crate) type CancelHook = Box<dyn FnOnce() + Send>;

/// The hooks of one attempt. They are called on a blocking thread of the runtime, never on the thread of the store.
#[derive(Default)]
pub(crate) struct CancelHooks {
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    last_key: u64,
    waiting: Vec<(u64, CancelHook)>,
    /// The hook that is being called.
    running: Option<u64>,
}

impl CancelHooks {
    /// Keeps a hook; the key removes it.
    pub(crate) fn add(&self, hook: CancelHook) -> u64 {
        let mut state = self.state.lock();
        state.last_key += 1;
        let key = state.last_key;
        state.waiting.push((key, hook));
        key
    }

    /// Removes a hook; one that is being called is waited for.
    pub(crate) fn remove(&self, key: u64) {
        let mut state = self.state.lock();
        state.waiting.retain(|(other, _)| *other != key);
        self.returned.wait_while(&mut state, |state| state.running == Some(key));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.state.lock().waiting.is_empty()
    }

    /// Calls every hook once.
    pub(crate) fn call_all(&self) {
        while let Some(hook) = self.next() {
            if catch_unwind(AssertUnwindSafe(hook)).is_err() {
                tracing::error!("a cancel hook panicked");
            }
            self.state.lock().running = None;
            self.returned.notify_all();
        }
    }

    fn next(&self) -> Option<CancelHook> {
        let mut state = self.state.lock();
        // Another thread may be calling one; that one does not count for the guards of others.
        self.returned.wait_while(&mut state, |state| state.running.is_some());
        let (key, hook) = state.waiting.pop()?;
        state.running = Some(key);
        Some(hook)
    }
}
