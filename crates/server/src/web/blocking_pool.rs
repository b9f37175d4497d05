use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use longhaul_tasks_web::ApiError;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time,
};

use super::error_response;

/// How long work may wait for a slot.
const SLOT_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs blocking work on tokio's blocking threads, only so much of it at once.
#[derive(Clone, Debug)]
pub(crate) struct BlockingPool(Arc<Semaphore>);

impl BlockingPool {
    /// Runs as much work at once as there are slots.
    pub(crate) fn new(slots: usize) -> Self {
        Self(Arc::new(Semaphore::new(slots)))
    }

    /// Runs `work` and returns its result. It is run to its end even if the caller is dropped.
    ///
    /// # Errors
    /// 503 if no slot becomes free; 500 if the work panics.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let slot = self.slot().await?;
        let done = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            work()
        });
        done.await.map_err(|_| error_response::unexplained())
    }

    /// A slot for work that the caller runs itself. Dropping it releases the slot.
    pub(super) async fn slot(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let busy =
            || ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "The server is busy; please try again later.");
        let slot = time::timeout(SLOT_TIMEOUT, self.0.clone().acquire_owned()).await.map_err(|_| busy())?;
        slot.map_err(|_| busy())
    }
}
