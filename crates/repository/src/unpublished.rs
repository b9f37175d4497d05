//! Publications that this process could not complete yet.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gix::ObjectId;

/// The commits whose publication failed after the commit point, and will be tried again. Their ref locks are not abandoned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unpublished(Arc<Mutex<HashSet<ObjectId>>>);

impl Unpublished {
    pub(crate) fn contains(&self, commit: ObjectId) -> bool {
        self.commits().contains(&commit)
    }

    pub(crate) fn insert(&self, commit: ObjectId) {
        self.commits().insert(commit);
    }

    pub(crate) fn remove(&self, commit: ObjectId) {
        self.commits().remove(&commit);
    }

    fn commits(&self) -> MutexGuard<'_, HashSet<ObjectId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
