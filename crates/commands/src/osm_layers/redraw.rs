//! Draws ways of the repository anew whose nodes a file has moved.

use longhaul_osm::{Entities, Entity, EntityKind, RawWays, ResolvedEntities, Warnings, WayBuilder};
use longhaul_tasks::Failure;

use super::{OsmLayers, feature_writers::FeatureWriters, merge::MergeLog};
use crate::workers::{WorkQueue, run_all};

/// How many ways a thread looks at before it takes the next ones.
const WAYS_AT_ONCE: usize = 512;

const NOT_DRAWN: &str =
    "has a node that was moved, and is not drawn anew, because its other nodes are not there";

impl OsmLayers<'_> {
    /// Draws the ways of the repository anew that the file does not replace and that go through nodes that it moves.
    pub(super) fn redraw_ways(&mut self, resolved: &ResolvedEntities) -> Result<(), Failure> {
        let Some(read) = self.read.as_ref().filter(|_| !self.log.moved_nodes.is_empty()) else {
            return Ok(());
        };
        let mut ways = read.readers(self.stage, &self.layers)?.way_ids();
        ways.retain(|id| self.log.used_ways.binary_search(id).is_err());
        if ways.is_empty() {
            return Ok(());
        }
        let writers = self.writers(EntityKind::Way)?;
        let (ctx, log, queue) = (self.ctx, &self.log, WorkQueue::new(ways.chunks(WAYS_AT_ONCE)));
        let of_import = self.statistics;
        let results = run_all(writers, &queue, |mut writers| {
            let mut statistics = of_import.of_thread();
            let mut builder = resolved.way_builder(&log.outdated_nodes);
            let mut entities = Entities::default();
            while let Some(ways) = queue.next() {
                for id in ways {
                    ctx.check()?;
                    redraw(*id, log, &mut entities, &mut builder, &mut writers, &mut statistics.warnings)?;
                }
                writers.flush()?;
            }
            writers.finish()
        })?;
        self.collect(EntityKind::Way, results);
        Ok(())
    }
}

/// Draws a way anew if one of its nodes was moved.
fn redraw(
    id: i64,
    log: &MergeLog,
    entities: &mut Entities,
    builder: &mut WayBuilder<'_>,
    writers: &mut FeatureWriters<'_>,
    warnings: &mut Warnings,
) -> Result<(), Failure> {
    let Some(merge) = writers.merge() else { return Ok(()) };
    let Some(feature) = merge.existing.way(id)? else { return Ok(()) };
    let refs = RawWays::refs(feature).unwrap_or_default();
    if !refs.iter().any(|node| log.moved_nodes.binary_search(node).is_ok()) {
        return Ok(());
    }
    entities.clear();
    let is_read = RawWays::read(feature, entities).is_some();
    let Some(Entity::Way(way)) = entities.iter().next().filter(|_| is_read) else {
        warnings.add(NOT_DRAWN, EntityKind::Way, id);
        return Ok(());
    };
    // A line without a position for each node does not say where the nodes are that the repository does not have.
    if way.locations.is_empty() && !are_there(way.refs, RawWays::positions(feature), log, writers)? {
        warnings.add(NOT_DRAWN, EntityKind::Way, id);
        return Ok(());
    }
    builder.build_existing(way, warnings, writers)
}

/// Whether the nodes of a way that were not moved explain the number of positions that its line has.
fn are_there(
    refs: &[i64],
    positions: usize,
    log: &MergeLog,
    writers: &mut FeatureWriters<'_>,
) -> Result<bool, Failure> {
    let Some(merge) = writers.merge() else { return Ok(false) };
    let mut there = 0;
    for id in refs {
        let is_moved = log.moved_nodes.binary_search(id).is_ok();
        there += usize::from(is_moved || merge.existing.node(*id)?.is_some());
    }
    Ok(there >= positions)
}
