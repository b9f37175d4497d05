//! Forgets ended tasks when their time is over.

use std::time::Duration;

use super::{store_client::StoreClient, task_files::TaskFiles};
use crate::store::{StoreError, Swept};

/// Forgets tasks, with the files that they offered.
#[derive(Clone)]
pub(crate) struct Sweeper {
    pub(crate) store: StoreClient,
    pub(crate) files: TaskFiles,
    pub(crate) keep: Duration,
}

impl Sweeper {
    /// Forgets every task that ended so long ago.
    pub(crate) async fn sweep(&self) -> Result<Swept, StoreError> {
        let mut all = Swept::default();
        loop {
            let swept = self.store.store().sweep(self.keep).await?;
            self.files.remove_results(swept.gone.clone()).await;
            all.gone.extend(swept.gone);
            all.next = swept.next;
            if all.next.is_none_or(|left| !left.is_zero()) {
                return Ok(all);
            }
        }
    }

    /// When it is worth to ask again after the store was full; from a second to a minute.
    pub(crate) fn retry_after(&self) -> Duration {
        self.keep.clamp(Duration::from_secs(1), Duration::from_secs(60))
    }
}
