//! Whom a store keeps informed, and what it must not exceed.

use std::sync::Arc;

use parking_lot::RwLock;

use super::{Limits, Listener, Notice};

/// The engines that are attached; what the last one said of limits counts.
#[derive(Default)]
pub(super) struct Attached(RwLock<Told>);

#[derive(Default)]
struct Told {
    listeners: Arc<[Arc<dyn Listener>]>,
    limits: Limits,
}

impl Attached {
    pub(super) fn add(&self, listener: Arc<dyn Listener>, limits: Limits) {
        let mut attached = self.0.write();
        attached.listeners = attached.listeners.iter().cloned().chain([listener]).collect();
        attached.limits = limits;
    }

    pub(super) fn limits(&self) -> Limits {
        self.0.read().limits
    }

    pub(super) fn tell(&self, notices: Vec<Notice>) {
        if notices.is_empty() {
            return;
        }
        let listeners = self.0.read().listeners.clone();
        for notice in notices {
            listeners.iter().for_each(|listener| listener.notice(notice));
        }
    }
}
