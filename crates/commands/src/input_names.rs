//! The names of the files that tasks read, for the log.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use longhaul_tasks::{Context, TaskId};

/// The most names that are kept; they are taken when tasks end, but the end of a task may be missed.
const MOST: usize = 10_000;

/// The names of the files that tasks read, until the ends of the tasks are logged.
#[derive(Clone, Debug, Default)]
pub struct InputNames(Arc<Mutex<BTreeMap<TaskId, String>>>);

impl InputNames {
    /// Remembers the name of the file that the task reads.
    pub(crate) fn remember(&self, ctx: &Context, name: &str) {
        let mut names = self.names();
        names.insert(ctx.id(), name.to_owned());
        if names.len() > MOST {
            names.pop_first();
        }
    }

    /// The name of the file that the task has read, and forgets it. `None` if it read none, or has not run in this process.
    pub fn take(&self, task: TaskId) -> Option<String> {
        self.names().remove(&task)
    }

    fn names(&self) -> MutexGuard<'_, BTreeMap<TaskId, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
