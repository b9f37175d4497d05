//! Makes an index of a layer.
//!
//! ```text
//! one thread: trees ─▶ n threads: blobs ─▶ extents ─▶ caller: list (memory, then a file) ─▶ sorted ─▶ file
//! ```
//!
//! The Hilbert values need the extent of the whole layer, so they are computed when all features have been read.

mod item;
mod list;
mod measure;
mod tree_writer;

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use longhaul_repository::{Dataset, DatasetError};

use list::ItemList;
use tree_writer::TreeWriter;

/// What making an index may take.
#[derive(Clone, Copy, Debug)]
pub struct BuildOptions {
    /// Threads that read features.
    pub threads: usize,
    /// Bytes of memory for the list of features, some 100 each, twice as many while it is sorted; a longer list is
    /// sorted on the disk.
    pub memory: usize,
}

impl Default for BuildOptions {
    /// A thread for each processor, and 64 MiB.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { threads, memory: 64 << 20 }
    }
}

/// Why an index was not made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The layer cannot be read.
    #[error("reading a layer to index it")]
    Dataset(#[from] DatasetError),
    /// The index cannot be written.
    #[error("writing the index of a layer")]
    Io(#[from] io::Error),
    /// Nobody needs it any more.
    #[error("indexing a layer was stopped")]
    Stopped,
}

/// Writes the index of a layer to a new file. Files without a name may be made beside it. The caller syncs it.
///
/// # Errors
/// If the layer cannot be read, the file cannot be written, or `stop` becomes true. There may then be a part of the file.
pub fn build(
    dataset: &Dataset,
    path: &Path,
    options: BuildOptions,
    stop: &AtomicBool,
) -> Result<(), BuildError> {
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    let mut items = ItemList::new(&folder, options.memory);
    measure::measure_all(dataset, options.threads.max(1), stop, |found| Ok(items.extend(found)?))?;
    let file = File::create_new(path)?;
    let mut writer = TreeWriter::new(&file, &items)?;
    items.in_order(stop, |item| Ok(writer.push(item)?))?;
    Ok(writer.finish(dataset.tree())?)
}
