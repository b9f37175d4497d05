//! Imports the features of one layer of a GeoPackage, on several threads.
//!
//! Each thread has its own connection to the file and its own writer into the pack, and imports one range of rows after the
//! other. A feature is read, encoded and hashed on the same thread.

use longhaul_geodata::Batch;
use longhaul_geopackage::{GeoPackage, Part, Reader, Table};
use longhaul_repository::{FeatureWriter, LayerStage, Stage};
use longhaul_tasks::{Context, Failure};

use crate::{
    public_error::public_error,
    workers::{WorkQueue, run_all},
};

/// The number of row ranges for each thread. With many ranges, all threads finish at about the same time.
const PARTS_PER_THREAD: usize = 16;

/// Writes all features of `table` into `layer`, and counts them as the progress of the current step.
pub(super) fn import_features(
    ctx: &Context,
    package: &GeoPackage,
    table: &Table,
    stage: &Stage,
    layer: &mut LayerStage,
    threads: usize,
) -> Result<(), Failure> {
    let threads = if layer.is_sequential() { 1 } else { threads.max(1) };
    let parts = if threads == 1 { 1 } else { threads * PARTS_PER_THREAD };
    let queue = WorkQueue::new(package.parts(table, parts).map_err(public_error)?);
    let workers = (0..threads)
        .map(|_| Ok((package.reader().map_err(public_error)?, layer.writer(stage))))
        .collect::<Result<Vec<_>, Failure>>()?;
    let written = run_all(workers, &queue, |(reader, mut writer)| {
        while let Some(part) = queue.next() {
            import_part(ctx, &reader, &part, &mut writer)?;
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
) -> Result<(), Failure> {
    let batches = reader.batches(part).map_err(public_error)?;
    let features = |batch: &Result<Batch, _>| batch.as_ref().map_or(0, |batch| batch.len() as u64);
    for batch in ctx.track_by(batches, features) {
        writer.write(&batch?.map_err(public_error)?).map_err(public_error)?;
    }
    Ok(())
}
