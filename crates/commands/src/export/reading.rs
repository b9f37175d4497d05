//! Reads the features of a layer on several threads, and hands them on in order.

use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use longhaul_geodata::Batch;
use longhaul_repository::{Dataset, DatasetError, FeatureEntry, FeatureReader};

use super::ExportError;
use crate::workers::{WorkQueue, join_all};

/// How many features a thread takes at once.
const MOST_FEATURES: usize = 256;
/// A batch is handed on when it has as many bytes.
const MOST_BYTES: usize = 256 << 10;
/// How many lists of features may be read ahead for each thread.
const READ_AHEAD: usize = 4;
/// More threads would wait for the one that writes.
const MOST_THREADS: usize = 4;

/// Features that were read, and how many they were before some were left out.
pub(super) struct ReadBatch {
    pub(super) features: Batch,
    pub(super) read: u64,
}

/// Features to read, and where to send them.
struct List {
    entries: Result<Vec<FeatureEntry>, DatasetError>,
    to: Sender<Result<ReadBatch, ExportError>>,
}

/// Cuts entries into lists, and tells the receiver of each list's features to the one who writes, in order.
struct Lists<I> {
    entries: I,
    receivers: Sender<Receiver<Result<ReadBatch, ExportError>>>,
}

impl<I: Iterator<Item = Result<FeatureEntry, DatasetError>>> Iterator for Lists<I> {
    type Item = List;

    fn next(&mut self) -> Option<List> {
        let entries: Result<Vec<_>, _> = self.entries.by_ref().take(MOST_FEATURES).collect();
        if entries.as_ref().is_ok_and(Vec::is_empty) {
            return None;
        }
        let (to, features) = bounded(1);
        // Nobody receives any more if writing has failed.
        self.receivers.send(features).ok()?;
        Some(List { entries, to })
    }
}

/// Reads the features of `entries`, passes them through `prepare`, and hands them to `each` in the order of the entries.
///
/// # Errors
/// The first of reading, of `prepare` and of `each`.
pub(super) fn read_in_order(
    dataset: &Dataset,
    entries: impl Iterator<Item = Result<FeatureEntry, DatasetError>> + Send,
    prepare: impl Fn(Batch) -> Result<Batch, ExportError> + Sync,
    mut each: impl FnMut(ReadBatch) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let (receivers, lists) = bounded(READ_AHEAD * threads);
    let queue = &WorkQueue::new(Lists { entries, receivers });
    let prepare = &prepare;
    thread::scope(|scope| {
        let start = |_| {
            let reader = ListReader { dataset, reader: dataset.reader(), prepare };
            scope.spawn(move || reader.read_all(queue))
        };
        let readers = (0..threads).map(start).collect();
        let done = lists.into_iter().flatten().try_for_each(|batch| each(batch?));
        join_all(readers);
        done
    })
}

/// Reads lists on one thread.
struct ListReader<'a, P> {
    dataset: &'a Dataset,
    reader: FeatureReader,
    prepare: &'a P,
}

impl<P: Fn(Batch) -> Result<Batch, ExportError>> ListReader<'_, P> {
    fn read_all(&self, queue: &WorkQueue<impl Iterator<Item = List>>) {
        while let Some(List { entries, to }) = queue.next() {
            let entries = entries.map_err(|error| unreadable(self.dataset, error));
            if let Err(error) = entries.and_then(|entries| self.read(&entries, &to)) {
                // Fails if nobody receives any more.
                let _ = to.send(Err(error));
            }
        }
    }

    fn read(
        &self,
        entries: &[FeatureEntry],
        to: &Sender<Result<ReadBatch, ExportError>>,
    ) -> Result<(), ExportError> {
        let failed = |error| unreadable(self.dataset, error);
        let mut batch = self.reader.batch().map_err(failed)?;
        for entry in entries {
            self.reader.read(entry, &mut batch).map_err(failed)?;
            if batch.size() >= MOST_BYTES {
                let next = self.reader.batch().map_err(failed)?;
                self.send(std::mem::replace(&mut batch, next), to)?;
            }
        }
        self.send(batch, to)
    }

    fn send(&self, batch: Batch, to: &Sender<Result<ReadBatch, ExportError>>) -> Result<(), ExportError> {
        let read = batch.len() as u64;
        let features = (self.prepare)(batch)?;
        to.send(Ok(ReadBatch { features, read })).map_err(|_| ExportError::Stopped)
    }
}

/// A layer could not be read.
pub(super) fn unreadable(dataset: &Dataset, source: DatasetError) -> ExportError {
    ExportError::Dataset { layer: dataset.path().to_string(), source }
}
