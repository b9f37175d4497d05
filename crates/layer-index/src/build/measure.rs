//! Reads the features of a layer on several threads.

use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use longhaul_geodata::{
    Batch, Value,
    geometry::{Extent, measure},
};
use longhaul_repository::{Dataset, DatasetError, FeatureEntry, FeatureReader};

use super::{BuildError, item::Item};
use crate::format::TypeSet;

/// Features that a thread takes at once.
const AT_ONCE: usize = 512;
/// Lists of entries, and of items, that wait between the threads.
const WAITING: usize = 16;

/// Features that were measured.
pub(super) struct Found {
    pub(super) items: Vec<Item>,
    pub(super) types: TypeSet,
}

/// Hands all features of the layer to `each`, in any order.
pub(super) fn measure_all(
    dataset: &Dataset,
    threads: usize,
    stop: &AtomicBool,
    mut each: impl FnMut(Found) -> Result<(), BuildError>,
) -> Result<(), BuildError> {
    let geometry = dataset.columns().iter().position(|column| column.data_type == "geometry");
    thread::scope(|scope| {
        let (entries, to_measure) = crossbeam_channel::bounded::<Entries>(WAITING);
        let (measured, found) = mpsc::sync_channel(WAITING);
        for _ in 0..threads {
            let (to_measure, measured) = (to_measure.clone(), measured.clone());
            let mut worker = Worker { reader: dataset.reader(), geometry };
            scope.spawn(move || {
                for entries in to_measure {
                    if measured.send(entries.and_then(|entries| worker.measure(&entries))).is_err() {
                        return;
                    }
                }
            });
        }
        drop((to_measure, measured));
        let all = dataset.entries();
        scope.spawn(move || send_in_lists(all, &entries));
        // When this returns early, `found` is dropped, and all threads end.
        found.into_iter().try_for_each(|found| {
            if stop.load(Ordering::Relaxed) {
                return Err(BuildError::Stopped);
            }
            each(found?)
        })
    })
}

type Entries = Result<Vec<FeatureEntry>, DatasetError>;

/// Sends entries until nobody receives them, or one cannot be read.
fn send_in_lists(
    mut all: impl Iterator<Item = Result<FeatureEntry, DatasetError>>,
    to: &crossbeam_channel::Sender<Entries>,
) {
    loop {
        let entries: Entries = all.by_ref().take(AT_ONCE).collect();
        let is_last = entries.as_ref().map_or(true, |entries| entries.len() < AT_ONCE);
        if to.send(entries).is_err() || is_last {
            return;
        }
    }
}

struct Worker {
    reader: FeatureReader,
    /// The column of the geometry.
    geometry: Option<usize>,
}

impl Worker {
    fn measure(&mut self, entries: &[FeatureEntry]) -> Result<Found, DatasetError> {
        let mut found = Found { items: Vec::with_capacity(entries.len()), types: TypeSet::default() };
        let mut batch = self.reader.batch()?;
        for entry in entries {
            let extent = self.extent(entry, &mut batch, &mut found.types)?;
            found.items.push(Item::new(extent, entry.blob, entry.key.as_bytes()));
        }
        Ok(found)
    }

    /// A geometry that does not decode has no extent: one such feature must not hide its layer.
    fn extent(
        &self,
        entry: &FeatureEntry,
        batch: &mut Batch,
        types: &mut TypeSet,
    ) -> Result<Option<Extent>, DatasetError> {
        let Some(column) = self.geometry else { return Ok(None) };
        batch.clear();
        self.reader.read(entry, batch)?;
        let geometry = batch.rows().next().map(|row| row.value(column));
        let Some(Value::Geometry(geometry)) = geometry else { return Ok(None) };
        let Ok(measured) = measure(geometry) else { return Ok(None) };
        types.insert(measured.code);
        Ok(measured.extent)
    }
}
