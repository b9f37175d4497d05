use anyhow::Context;
use longhaul_disk_cache::DiskCache;
use longhaul_layer_index::{BuildOptions, IndexCache};

use super::READS;
use crate::{
    data_folder::DataFolder,
    settings::Settings,
    web::{BlockingPool, LayerFiles, LayerIndexes},
};

/// Indexes of layers that are made at the same time, each on all processors.
const INDEX_BUILDS: usize = 2;
/// Files of layers that are made at the same time, each on two threads.
const FILE_MAKERS: usize = 2;

/// What is made from repositories when it is first asked for; all of it shares one limit.
#[derive(Clone)]
pub(super) struct Caches {
    pub(super) indexes: LayerIndexes,
    pub(super) files: LayerFiles,
}

impl Caches {
    pub(super) fn open(settings: &Settings, data: &DataFolder) -> anyhow::Result<Self> {
        let cache = DiskCache::open(&data.cache(), settings.cache_size).context("opening the cache")?;
        let indexes = cache.section("index").context("opening the indexes of layers")?;
        let indexes = IndexCache::new(indexes, BuildOptions::default());
        let files = cache.section("files").context("opening the files of layers")?;
        Ok(Self {
            indexes: LayerIndexes::new(indexes, BlockingPool::new(READS), BlockingPool::new(INDEX_BUILDS)),
            files: LayerFiles::new(files, FILE_MAKERS),
        })
    }

    /// Stops what is being made.
    pub(super) fn stop(&self) {
        self.indexes.stop();
        self.files.stop();
    }
}
