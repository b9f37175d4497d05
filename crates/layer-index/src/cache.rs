use std::{
    collections::HashSet,
    fmt,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use gix::ObjectId;
use longhaul_disk_cache::Section;
use longhaul_repository::Dataset;
use parking_lot::{Condvar, Mutex};

use crate::{BuildError, BuildOptions, LayerIndex, build::build};

/// How often a thread that waits for an index looks whether it should stop.
const STOP_INTERVAL: Duration = Duration::from_millis(50);

/// Index files in a section of the disk cache, named after the trees of their layers.
///
/// Nothing depends on them: a file that is missing or damaged is made again.
pub struct IndexCache {
    section: Section,
    options: BuildOptions,
    being_made: Mutex<HashSet<ObjectId>>,
    /// Notified when an index was made, or was not.
    made: Condvar,
    builds: AtomicU64,
}

impl IndexCache {
    /// The indexes in a section, which has nothing else.
    pub fn new(section: Section, options: BuildOptions) -> Self {
        let (being_made, made, builds) = (Mutex::default(), Condvar::new(), AtomicU64::new(0));
        Self { section, options, being_made, made, builds }
    }

    /// The index of the layer with this tree, if it is there.
    pub fn get(&self, tree: ObjectId) -> Option<LayerIndex> {
        let name = tree.to_string();
        let found = self.section.get(&name)?;
        let index = LayerIndex::of_file(found.file, tree);
        if index.is_err() {
            self.section.remove(&name);
        }
        index.ok()
    }

    /// The index of a layer, which is made if it is not there: once, however many threads ask.
    ///
    /// # Errors
    /// If the layer cannot be read, the index cannot be written, or `stop` becomes true.
    pub fn get_or_build(&self, dataset: &Dataset, stop: &AtomicBool) -> Result<LayerIndex, BuildError> {
        let tree = dataset.tree();
        loop {
            if let Some(index) = self.get(tree) {
                return Ok(index);
            }
            let mut being_made = self.being_made.lock();
            if being_made.insert(tree) {
                drop(being_made);
                let _turn = Turn { cache: self, tree };
                return self.make(dataset, stop);
            }
            self.made.wait_for(&mut being_made, STOP_INTERVAL);
            if stop.load(Ordering::Relaxed) {
                return Err(BuildError::Stopped);
            }
        }
    }

    /// How many indexes were made.
    pub fn builds(&self) -> u64 {
        self.builds.load(Ordering::Relaxed)
    }

    fn make(&self, dataset: &Dataset, stop: &AtomicBool) -> Result<LayerIndex, BuildError> {
        let tree = dataset.tree();
        // Another thread may have made it since it was missing.
        if let Some(index) = self.get(tree) {
            return Ok(index);
        }
        let part = self.section.part();
        build(dataset, part.path(), self.options, stop)?;
        let kept = self.section.keep(&tree.to_string(), "", part)?;
        self.builds.fetch_add(1, Ordering::Relaxed);
        Ok(LayerIndex::of_file(kept.file, tree)?)
    }
}

impl fmt::Debug for IndexCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexCache")
    }
}

/// While it lives, this thread makes the index of a layer.
struct Turn<'a> {
    cache: &'a IndexCache,
    tree: ObjectId,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.cache.being_made.lock().remove(&self.tree);
        self.cache.made.notify_all();
    }
}
