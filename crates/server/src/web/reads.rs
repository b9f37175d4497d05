use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use longhaul_tasks_web::ApiError;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time,
};

use super::failure;

/// How long work may wait for a place.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs work that blocks, on threads of its own and only so much at once.
#[derive(Clone, Debug)]
pub(crate) struct Reads(Arc<Semaphore>);

impl Reads {
    /// With so many places.
    pub(crate) fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
    }

    /// Runs `work` and gives what it gives. It is run to its end even if nobody waits for it any more.
    ///
    /// # Errors
    /// 503 if no place becomes free; 500 if the work panics.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let place = self.place().await?;
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        done.await.map_err(|_| failure::unexplained())
    }

    /// A place for work that runs elsewhere; free again when it is dropped.
    pub(super) async fn place(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let busy =
            || ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "The server is busy; please try again later.");
        let place = time::timeout(PATIENCE, self.0.clone().acquire_owned()).await.map_err(|_| busy())?;
        place.map_err(|_| busy())
    }
}
