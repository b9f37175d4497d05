//! The indexes of layers, for handlers.

use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use longhaul_layer_index::{BuildError, IndexCache, LayerIndex};
use longhaul_repository::{Dataset, ObjectId};
use longhaul_tasks_web::ApiError;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::{BlockingPool, error_response};

type IndexCell = OnceCell<Arc<LayerIndex>>;

/// Gives the indexes of layers, and makes those that are missing. Of any number of requests for one layer, one takes a thread.
#[derive(Clone)]
pub(crate) struct LayerIndexes {
    cache: Arc<IndexCache>,
    /// The threads that open indexes.
    readers: BlockingPool,
    /// The threads that make indexes. Apart, so that no request for an index that is there waits for one that is not.
    builders: BlockingPool,
    stop: Arc<AtomicBool>,
    /// The indexes that requests wait for.
    awaited: Arc<Mutex<HashMap<ObjectId, Weak<IndexCell>>>>,
}

impl LayerIndexes {
    /// Makes as many indexes at once as `builders` has slots.
    pub(crate) fn new(cache: IndexCache, readers: BlockingPool, builders: BlockingPool) -> Self {
        Self { cache: Arc::new(cache), readers, builders, stop: Arc::default(), awaited: Arc::default() }
    }

    /// The index files.
    pub(crate) fn cache(&self) -> &Arc<IndexCache> {
        &self.cache
    }

    /// Stops what is being made. Nobody gets an index any more that is not there.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// The index of a layer; waits while it is made. An index that is being made is completed even if nobody waits any more.
    ///
    /// # Errors
    /// 503 if too many are being made or the server is stopping, 500 if the layer cannot be read or the index not be written.
    pub(super) async fn get(&self, dataset: &Arc<Dataset>) -> Result<Arc<LayerIndex>, ApiError> {
        let (cache, tree) = (self.cache.clone(), dataset.tree());
        if let Some(index) = self.readers.run(move || cache.get(tree)).await? {
            return Ok(Arc::new(index));
        }
        let cell = self.cell(tree);
        let index = cell.get_or_try_init(|| self.build(dataset.clone())).await?;
        Ok(index.clone())
    }

    /// Makes the index of a layer on this thread, if it is missing.
    ///
    /// # Errors
    /// If the layer cannot be read, the index cannot be written, or the server is stopping.
    pub(crate) fn make(&self, dataset: &Dataset) -> Result<(), BuildError> {
        self.cache.get_or_build(dataset, &self.stop).map(drop)
    }

    async fn build(&self, dataset: Arc<Dataset>) -> Result<Arc<LayerIndex>, ApiError> {
        let (cache, stop) = (self.cache.clone(), self.stop.clone());
        let built = self.builders.run(move || cache.get_or_build(&dataset, &stop)).await?;
        built.map(Arc::new).map_err(|error| match error {
            BuildError::Stopped => ApiError::unavailable("The server is stopping."),
            error => error_response::internal(error),
        })
    }

    /// What all current requests for an index share.
    fn cell(&self, tree: ObjectId) -> Arc<IndexCell> {
        let mut awaited = self.awaited.lock();
        if let Some(cell) = awaited.get(&tree).and_then(Weak::upgrade) {
            return cell;
        }
        awaited.retain(|_, cell| cell.strong_count() > 0);
        let cell = Arc::new(OnceCell::new());
        awaited.insert(tree, Arc::downgrade(&cell));
        cell
    }
}
