use std::{sync::Arc, time::Duration};

use longhaul_tasks_web::ApiError;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time,
};

use super::error_response;
use crate::{
    access::Caller,
    places::{Place, Places},
};

/// How long work may wait for a slot.
const SLOT_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs blocking work on tokio's blocking threads, only so much of it at once.
#[derive(Clone, Debug)]
pub(crate) struct BlockingPool(Slots);

#[derive(Clone, Debug)]
enum Slots {
    /// Who comes first gets one.
    Own(Arc<Semaphore>),
    /// Callers share them.
    Shared(Arc<Places>),
}

/// Room for one piece of work; dropping it makes room for another one.
pub(super) enum Slot {
    Own(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit),
    Shared(#[expect(dead_code, reason = "held until it is dropped")] Place),
}

impl BlockingPool {
    /// Runs as much work at once as there are slots, for the server itself.
    pub(crate) fn new(slots: usize) -> Self {
        Self(Slots::Own(Arc::new(Semaphore::new(slots))))
    }

    /// Runs as much work at once as there are places, which callers share.
    pub(crate) fn shared(places: Arc<Places>) -> Self {
        Self(Slots::Shared(places))
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
    pub(super) async fn slot(&self) -> Result<Slot, ApiError> {
        let slot = match &self.0 {
            Slots::Own(slots) => {
                let slot = time::timeout(SLOT_TIMEOUT, slots.clone().acquire_owned()).await;
                slot.ok().and_then(Result::ok).map(Slot::Own)
            }
            Slots::Shared(places) => places.wait(&Caller::current(), SLOT_TIMEOUT).await.map(Slot::Shared),
        };
        slot.ok_or_else(|| ApiError::unavailable("The server is busy; please try again later."))
    }
}
