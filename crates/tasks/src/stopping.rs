//! Tells whoever waits for something that the engine is stopping, so that nobody waits in vain.

use tokio::sync::watch;

use crate::Tasks;

/// Raised once.
#[derive(Default)]
pub(crate) struct Stopping(watch::Sender<bool>);

impl Stopping {
    pub(crate) fn begin(&self) {
        self.0.send_replace(true);
    }
}

impl Tasks {
    /// Resolves when the engine has been told to [`stop`](Self::stop); at once if it was. It keeps no engine alive.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopping = self.engine.stopping.0.subscribe();
        async move {
            // An engine that is gone has stopped, too.
            let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
        }
    }
}
