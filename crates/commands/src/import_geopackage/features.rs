//! Imports the features of one layer of a GeoPackage, on several threads.
//!
//! Each thread has its own connection to the file and its own writer into the pack, and imports one range of rows after the
//! other. A feature is read, encoded and hashed on the same thread.

use std::sync::{Mutex, PoisonError};

use longhaul_geodata::Batch;
use longhaul_geopackage::{Findings, GeoPackage, Part, Reader, Table};
use longhaul_repository::{FeatureWriter, LayerStage, Stage};
use longhaul_tasks::{Context, Failure};

use crate::{
    public_error::public_error,
    workers::{WorkQueue, run_all},
};

/// The number of row ranges for each thread. With many ranges, all threads finish at about the same time.
const PARTS_PER_THREAD: usize = 16;

/// Writes all features of `table` into `layer` with one thread for each reader, and counts them as the progress of the current
/// step. What is noticed in the rows is added to `findings`, also if the import fails.
pub(super) fn import_features(
    ctx: &Context,
    package: &GeoPackage,
    table: &Table,
    stage: &Stage,
    layer: &mut LayerStage,
    readers: &mut [Reader],
    findings: &Mutex<Findings>,
) -> Result<(), Failure> {
    let threads = if layer.is_sequential() { 1 } else { readers.len() };
    let parts = if threads == 1 { 1 } else { threads * PARTS_PER_THREAD };
    let queue = WorkQueue::new(package.parts(table, parts).map_err(public_error)?);
    let workers = readers.iter_mut().take(threads).map(|reader| (reader, layer.writer(stage))).collect();
    let written = run_all(workers, &queue, |(reader, mut writer)| {
        while let Some(part) = queue.next() {
            import_part(ctx, reader, &part, &mut writer, findings)?;
        }
        Ok(writer.finish().map_err(public_error)?)
    })?;
    written.into_iter().for_each(|written| layer.collect(written));
    Ok(())
}

fn import_part(
    ctx: &Context,
    reader: &Reader,
    part: &Part,
    writer: &mut FeatureWriter,
    findings: &Mutex<Findings>,
) -> Result<(), Failure> {
    let mut batches = reader.batches(part).map_err(public_error)?;
    let features = |batch: &Result<Batch, _>| batch.as_ref().map_or(0, |batch| batch.len() as u64);
    let written = ctx.track_by(&mut batches, features).try_for_each(|batch| {
        writer.write(&batch?.map_err(unreadable)?).map_err(public_error)?;
        Ok(())
    });
    findings.lock().unwrap_or_else(PoisonError::into_inner).merge(batches.take_findings());
    written
}

/// The error for a value that cannot be read, with the way on.
fn unreadable(error: longhaul_geopackage::Error) -> anyhow::Error {
    use longhaul_geopackage::{CellError, Error};
    let Error::Cell { source, .. } = &error else { return public_error(error) };
    let way_on = match **source {
        CellError::Text(_) => "with lenient=true what is not is replaced",
        _ => "with lenient=true it becomes null",
    };
    anyhow::anyhow!("{source}; {way_on}").context(error.to_string())
}
