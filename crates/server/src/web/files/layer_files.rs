//! The files of layers: those of the cache, and the making of those that are missing.

use std::{
    collections::HashMap,
    fs::File,
    io,
    path::Path,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use longhaul_commands::ExportProgress;
use longhaul_disk_cache::{CachedFile, Section};
use longhaul_tasks_web::ApiError;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Semaphore, watch};

use crate::web::error_response;

/// Gives the files of layers, and makes those that are missing: each once, however many requests wait for it, and only as long as
/// one of them does. Cheap to clone.
#[derive(Clone)]
pub(crate) struct LayerFiles(Arc<Inner>);

struct Inner {
    section: Section,
    /// As many files are made at once as there are permits.
    makers: Arc<Semaphore>,
    /// The files that requests wait for.
    awaited: Mutex<HashMap<String, Weak<Awaited>>>,
    is_stopping: AtomicBool,
    made: AtomicU64,
    abandoned: AtomicU64,
}

/// Shared by all requests that wait for one file.
struct Awaited(watch::Receiver<Option<Result<(), ApiError>>>);

/// Tells the maker of a file whether anybody waits for it.
pub(super) struct Demand {
    files: LayerFiles,
    awaited: Weak<Awaited>,
}

impl LayerFiles {
    /// Makes at most `makers` files at the same time.
    pub(crate) fn new(section: Section, makers: usize) -> Self {
        Self(Arc::new(Inner {
            section,
            makers: Arc::new(Semaphore::new(makers)),
            awaited: Mutex::default(),
            is_stopping: AtomicBool::new(false),
            made: AtomicU64::new(0),
            abandoned: AtomicU64::new(0),
        }))
    }

    /// Stops what is being made, and makes nothing any more.
    pub(crate) fn stop(&self) {
        self.0.is_stopping.store(true, Ordering::Relaxed);
        self.0.makers.close();
    }

    /// How many files were made, and how many were abandoned because nobody waited any more.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.0.made.load(Ordering::Relaxed), self.0.abandoned.load(Ordering::Relaxed))
    }

    /// The file of this name, if it is there. Its tag is the SHA-256 of its bytes in hexadecimal digits.
    pub(super) async fn find(&self, name: &str) -> Result<Option<CachedFile>, ApiError> {
        let (section, name) = (self.0.section.clone(), name.to_owned());
        let found = tokio::task::spawn_blocking(move || section.get(&name));
        found.await.map_err(|_| error_response::unexplained())
    }

    /// The file of this name, which `make` writes to the path given if it is not there. `make` is to return soon after
    /// [`Demand::has_ended`] returns true.
    ///
    /// # Errors
    /// That of `make`; 503 if the server is stopping.
    pub(super) async fn get(
        &self,
        name: &str,
        make: impl FnOnce(&Path, &Demand) -> Result<(), ApiError> + Send + 'static,
    ) -> Result<CachedFile, ApiError> {
        if let Some(file) = self.find(name).await? {
            return Ok(file);
        }
        let awaited = self.await_or_make(name, make);
        let mut outcome = awaited.0.clone();
        let made = outcome.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        made.ok().flatten().ok_or_else(error_response::unexplained)??;
        // If others are made at this moment that are too much with it, it may be gone.
        let busy = || ApiError::unavailable("The server is busy; please try again later.");
        self.find(name).await?.ok_or_else(busy)
    }

    fn await_or_make(
        &self,
        name: &str,
        make: impl FnOnce(&Path, &Demand) -> Result<(), ApiError> + Send + 'static,
    ) -> Arc<Awaited> {
        let mut awaited_files = self.0.awaited.lock();
        if let Some(awaited) = awaited_files.get(name).and_then(Weak::upgrade) {
            return awaited;
        }
        awaited_files.retain(|_, awaited| awaited.strong_count() > 0);
        let (report, outcome) = watch::channel(None);
        let awaited = Arc::new(Awaited(outcome));
        awaited_files.insert(name.to_owned(), Arc::downgrade(&awaited));
        let demand = Demand { files: self.clone(), awaited: Arc::downgrade(&awaited) };
        let name = name.to_owned();
        tokio::spawn(async move {
            let outcome = make_on_thread(name, make, demand).await;
            let _ = report.send(Some(outcome));
        });
        awaited
    }

    fn make(
        &self,
        name: &str,
        make: impl FnOnce(&Path, &Demand) -> Result<(), ApiError>,
        demand: &Demand,
    ) -> Result<(), ApiError> {
        // Others may have made it since it was missing.
        if self.0.section.get(name).is_some() {
            return Ok(());
        }
        let part = self.0.section.part();
        make(part.path(), demand)?;
        let tag = sha256(part.path(), demand).map_err(error_response::internal)?;
        let tag =
            tag.ok_or_else(|| ApiError::unavailable("The file was not completed; please try again."))?;
        self.0.section.keep(name, &tag, part).map_err(error_response::internal)?;
        self.0.made.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Waits for its turn. A file that nobody waits for any more is not begun.
async fn make_on_thread(
    name: String,
    make: impl FnOnce(&Path, &Demand) -> Result<(), ApiError> + Send + 'static,
    demand: Demand,
) -> Result<(), ApiError> {
    let permit = demand.files.0.makers.clone().acquire_owned().await;
    let permit = permit.map_err(|_| ApiError::unavailable("The server is stopping."))?;
    let made = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let made = match demand.has_ended() {
            true => Err(ApiError::unavailable("The server is stopping.")),
            false => demand.files.make(&name, make, &demand),
        };
        if made.is_err() && demand.has_ended() {
            demand.files.0.abandoned.fetch_add(1, Ordering::Relaxed);
        }
        made
    });
    made.await.unwrap_or_else(|_| Err(error_response::unexplained()))
}

impl Demand {
    /// Whether nobody waits for the file any more, or the server is stopping.
    pub(super) fn has_ended(&self) -> bool {
        self.awaited.strong_count() == 0 || self.files.0.is_stopping.load(Ordering::Relaxed)
    }
}

impl ExportProgress for Demand {
    fn is_stopped(&self) -> bool {
        self.has_ended()
    }
}

/// Reads a file that was just written, which is in memory. None if nobody waits for it any more.
fn sha256(path: &Path, demand: &Demand) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = io::Read::read(&mut file, &mut buffer)?;
        if read == 0 {
            break;
        }
        if demand.has_ended() {
            return Ok(None);
        }
        hasher.update(&buffer[..read]);
    }
    Ok(Some(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use axum::http::StatusCode;
    use futures_util::future::join_all;
    use longhaul_disk_cache::DiskCache;
    use tempfile::TempDir;

    use super::*;

    fn files(makers: usize) -> (LayerFiles, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let section = DiskCache::open(folder.path(), 1 << 20).unwrap().section("files").unwrap();
        (LayerFiles::new(section, makers), folder)
    }

    fn write(path: &Path, _: &Demand) -> Result<(), ApiError> {
        fs::write(path, "roads").unwrap();
        Ok(())
    }

    #[tokio::test]
    async fn a_file_is_made_once_for_a_thousand_readers() {
        let (files, _folder) = files(2);
        let readers = join_all((0..1000).map(|_| files.get("roads", write))).await;
        for file in readers {
            let file = file.unwrap();
            assert_eq!(file.length, 5);
            assert_eq!(file.tag, "846bb37c041492f4748c75cf4f86033ea1f009e2c939c794be7d93c072391ce6");
        }
        assert_eq!(files.counts(), (1, 0));
    }

    #[tokio::test]
    async fn a_file_that_nobody_waits_for_any_more_is_abandoned() {
        let (files, folder) = files(1);
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (ended, has_ended) = tokio::sync::oneshot::channel();
        let request = tokio::spawn({
            let files = files.clone();
            async move {
                let make = |path: &Path, demand: &Demand| {
                    fs::write(path, "half of").unwrap();
                    begun.send(()).unwrap();
                    while !demand.has_ended() {
                        std::thread::yield_now();
                    }
                    ended.send(()).unwrap();
                    Err(ApiError::unavailable("stopped"))
                };
                files.get("roads", make).await
            }
        });
        has_begun.await.unwrap();
        request.abort();
        has_ended.await.unwrap();
        // The one thread is free again, and nothing of the file was left.
        assert_eq!(files.get("rivers", write).await.unwrap().length, 5);
        assert_eq!(files.counts(), (1, 1));
        assert_eq!(fs::read_dir(folder.path().join("files")).unwrap().count(), 1);
        assert_eq!(files.get("roads", write).await.unwrap().length, 5);
    }

    #[tokio::test]
    async fn all_readers_get_the_error_of_the_maker_and_the_next_request_tries_again() {
        let (files, _folder) = files(1);
        let fail = |_: &Path, _: &Demand| Err(ApiError::not_found("no such layer"));
        let (first, second) = tokio::join!(files.get("roads", fail), files.get("roads", fail));
        for result in [first, second] {
            assert_eq!(result.unwrap_err().status, StatusCode::NOT_FOUND);
        }
        assert_eq!(files.get("roads", write).await.unwrap().length, 5);
    }

    #[tokio::test]
    async fn after_the_stop_only_what_is_there_is_given() {
        let (files, _folder) = files(1);
        files.get("roads", write).await.unwrap();
        files.stop();
        assert!(files.get("roads", write).await.is_ok());
        let refused = files.get("rivers", write).await.unwrap_err();
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    }
}
