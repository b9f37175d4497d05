//! The stop of the runtime.

use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
};

use tokio::sync::watch;

use crate::Tasks;

/// Whether the runtime stops, or has stopped.
#[derive(Default)]
pub(crate) struct Shutdown {
    has_begun: watch::Sender<bool>,
    is_over: AtomicBool,
}

impl Shutdown {
    pub(crate) fn begin(&self) {
        self.has_begun.send_replace(true);
    }

    pub(crate) fn end(&self) {
        self.is_over.store(true, SeqCst);
    }

    pub(crate) fn has_begun(&self) -> bool {
        *self.has_begun.borrow()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(SeqCst)
    }
}

impl Tasks {
    /// Resolves when the engine has been told to [`stop`](Self::stop); at once if it was. It keeps no engine alive.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut has_begun = self.runtime.shutdown.has_begun.subscribe();
        async move {
            // An engine that was dropped has stopped, too.
            let _ = has_begun.wait_for(|has_begun| *has_begun).await;
        }
    }
}
