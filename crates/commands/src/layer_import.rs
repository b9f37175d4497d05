//! One layer of a GeoPackage on its way into a stage, on several threads.
//!
//! Each thread has its own connection to the file and its own way into the pack, and takes one range of rows after the
//! other: what is read on one thread is encoded and hashed there too, and nothing waits for anything but the disk.

use std::{panic::resume_unwind, sync::Mutex, thread, vec};

use longhaul_geopackage::{GeoPackage, Part, Reader, Table};
use longhaul_repository::{FeatureWriter, LayerStage, Stage, WrittenFeatures};
use longhaul_tasks::{Context, Failure};

use crate::public_error::public_error;

/// Ranges for each thread: enough that no thread is left alone with a long one at the end.
const PARTS_PER_THREAD: usize = 16;

/// Writes all features of `table` into `layer`, counting them as the progress of the step.
pub(crate) fn import_features(
    ctx: &Context,
    package: &GeoPackage,
    table: &Table,
    stage: &Stage,
    layer: &mut LayerStage,
    threads: usize,
) -> Result<(), Failure> {
    let threads = if layer.is_sequential() { 1 } else { threads.max(1) };
    let parts = if threads == 1 { 1 } else { threads * PARTS_PER_THREAD };
    let parts = Parts::new(package.parts(table, parts).map_err(public_error)?);
    let workers = (0..threads)
        .map(|_| Ok((package.reader().map_err(public_error)?, layer.writer(stage))))
        .collect::<Result<Vec<_>, Failure>>()?;

    let written: Vec<WrittenFeatures> = thread::scope(|scope| {
        let start = |(reader, writer)| scope.spawn(|| import_parts(ctx, &parts, reader, writer));
        let running: Vec<_> = workers.into_iter().map(start).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| resume_unwind(panic))
        };
        running.into_iter().map(join).collect::<Result<_, Failure>>()
    })?;
    written.into_iter().for_each(|written| layer.collect(written));
    Ok(())
}

fn import_parts(
    ctx: &Context,
    parts: &Parts,
    reader: Reader,
    mut writer: FeatureWriter,
) -> Result<WrittenFeatures, Failure> {
    let _others_stop = StopsOthers(parts);
    while let Some(part) = parts.next() {
        import_part(ctx, &reader, &part, &mut writer).inspect_err(|_| parts.give_up())?;
    }
    Ok(writer.finish().map_err(public_error)?)
}

fn import_part(
    ctx: &Context,
    reader: &Reader,
    part: &Part,
    writer: &mut FeatureWriter,
) -> Result<(), Failure> {
    let batches = reader.batches(part).map_err(public_error)?;
    let features =
        |batch: &Result<longhaul_geodata::Batch, _>| batch.as_ref().map_or(0, |batch| batch.len() as u64);
    for batch in ctx.track_by(batches, features) {
        writer.write(&batch?.map_err(public_error)?).map_err(public_error)?;
    }
    Ok(())
}

/// Leaves the other threads nothing more to do if this one panics.
struct StopsOthers<'a>(&'a Parts);

impl Drop for StopsOthers<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.give_up();
        }
    }
}

/// The parts that no thread has taken yet.
struct Parts(Mutex<vec::IntoIter<Part>>);

impl Parts {
    fn new(parts: Vec<Part>) -> Self {
        Self(Mutex::new(parts.into_iter()))
    }

    fn next(&self) -> Option<Part> {
        self.0.lock().ok()?.next()
    }

    /// Leaves the other threads nothing more to do: one has failed.
    fn give_up(&self) {
        if let Ok(mut parts) = self.0.lock() {
            *parts = Vec::new().into_iter();
        }
    }
}
