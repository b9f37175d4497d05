//! The files of tasks: what they were given, and what they offer. All work on them runs on blocking threads.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::runtime::Handle;

use super::{
    attempt::Attempt,
    attempts::Cleanup,
    result_folder::{ResultFile, ResultFolder, remove_all},
};
use crate::{TaskId, store::Download};

/// The folder of result files, if there is one, and the threads that work on files.
#[derive(Clone)]
pub(crate) struct TaskFiles {
    results: Option<ResultFolder>,
    /// What relative paths of given files are relative to.
    given: Arc<Path>,
    runtime: Handle,
}

impl TaskFiles {
    pub(crate) fn new(results: Option<PathBuf>, given: PathBuf, runtime: Handle) -> Self {
        Self { results: results.map(ResultFolder::new), given: given.into(), runtime }
    }

    pub(crate) fn results(&self) -> io::Result<&ResultFolder> {
        let missing = || io::Error::new(io::ErrorKind::Unsupported, "no folder was named for result files");
        self.results.as_ref().ok_or_else(missing)
    }

    /// Where the attempt is to write the file that its task will offer.
    pub(crate) fn prepare(&self, attempt: &Attempt, name: &str) -> io::Result<PathBuf> {
        self.results()?.prepare(attempt.id(), attempt.number, name)
    }

    pub(crate) fn sync(&self, attempt: &Attempt, download: &Download) -> io::Result<()> {
        self.results()?.sync(attempt.id(), attempt.number, download)
    }

    /// Opens the file that a task offers; `None` if it is gone.
    pub(crate) async fn open(&self, id: TaskId, download: Arc<Download>) -> io::Result<Option<ResultFile>> {
        let Some(results) = self.results.clone() else { return Ok(None) };
        let opened = self.runtime.spawn_blocking(move || results.open(id, &download)).await;
        match opened.map_err(io::Error::other).flatten() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Removes files that a task was given, in the background; a cleanup ends afterwards.
    pub(crate) fn remove_in_background(&self, files: Vec<PathBuf>, id: TaskId, cleanup: Option<Cleanup>) {
        if !files.is_empty() {
            let given = self.given.clone();
            self.runtime.spawn_blocking(move || {
                remove_all(&given, &files, id);
                drop(cleanup);
            });
        }
    }

    /// Removes what the attempt made and did not publish and, if its task has ended, the files that it was given.
    pub(crate) async fn clean_up(&self, attempt: &Arc<Attempt>, has_ended: bool) {
        let has_files = has_ended && !attempt.files.is_empty();
        let may_have_result = attempt.is_recovered || attempt.download.lock().is_some();
        let results = self.results.clone().filter(|_| may_have_result);
        if !has_files && results.is_none() {
            return;
        }
        let (attempt, given) = (attempt.clone(), self.given.clone());
        let cleaned = self.runtime.spawn_blocking(move || {
            if has_files {
                remove_all(&given, &attempt.files, attempt.id());
            }
            if let Some(results) = results {
                results.discard(attempt.id(), attempt.number);
            }
        });
        let _ = cleaned.await;
    }

    /// Removes the files that forgotten tasks offered.
    pub(crate) async fn remove_results(&self, ids: Vec<TaskId>) {
        let Some(results) = self.results.clone() else { return };
        if !ids.is_empty() {
            let removed =
                self.runtime.spawn_blocking(move || ids.into_iter().for_each(|id| results.remove(id)));
            let _ = removed.await;
        }
    }
}
