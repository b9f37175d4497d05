//! Who is informed of what happens in a store.

use std::sync::Arc;

use parking_lot::RwLock;

use super::{Listener, Notice};

/// The listeners of a store.
#[derive(Default)]
pub(super) struct Subscribers(RwLock<Arc<[Arc<dyn Listener>]>>);

impl Subscribers {
    pub(super) fn add(&self, listener: Arc<dyn Listener>) {
        let mut listeners = self.0.write();
        *listeners = listeners.iter().cloned().chain([listener]).collect();
    }

    pub(super) fn notify(&self, notices: Vec<Notice>) {
        if notices.is_empty() {
            return;
        }
        let listeners = self.0.read().clone();
        for notice in notices {
            listeners.iter().for_each(|listener| listener.notice(notice));
        }
    }
}
