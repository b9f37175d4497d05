//! Writes OpenStreetMap data into the layers of a stage, on several threads.
//!
//! One thread reads blocks. The others decode them, write their nodes and spool their ways. Once all nodes were read, the
//! ways are written. The result does not depend on the order of the data.

mod existing;
mod feature_writers;
mod merge;
mod redraw;
mod statistics;

pub(crate) use statistics::OsmStatistics;

use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use longhaul_osm::{Assembler, Block, Entities, Entity, EntityKind, EntityLayer, ResolvedEntities, Source};
use longhaul_repository::{DatasetPath, LayerStage, Mode, Stage};
use longhaul_tasks::{Context, Failure};

use crate::{
    Environment,
    job_warnings::JobWarnings,
    public_error::public_error,
    workers::{FirstFailure, WorkQueue, join_all, run_all},
};
use existing::ReadLayers;
use feature_writers::{FeatureWriters, LayerWriter, ThreadResult};
use merge::{Merge, MergeLog};
use statistics::SharedStatistics;

/// Writes the entities of a source into layers, and adds the layers to the stage. `warnings` get what was noticed until the end
/// or until the failure.
pub(crate) fn write_layers(
    ctx: &Context,
    env: &Environment,
    stage: &mut Stage,
    (layers, mode): (&[Box<dyn EntityLayer>], Mode),
    source: &mut Source,
    warnings: &mut JobWarnings,
) -> Result<OsmStatistics, Failure> {
    let statistics = SharedStatistics::default();
    let begun = OsmLayers::begin(ctx, env, stage, layers, mode, &statistics);
    let written = begun.and_then(|layers| layers.write(source));
    let statistics = statistics.into_inner();
    statistics.add_warnings(source.metadata(), warnings);
    written.map(|()| statistics)
}

/// The layers of an import, while they are written.
struct OsmLayers<'a> {
    ctx: &'a Context,
    env: &'a Environment,
    stage: &'a mut Stage,
    layers: Vec<OpenLayer<'a>>,
    /// What is read to merge, if the import adds to layers.
    read: Option<ReadLayers>,
    log: MergeLog,
    statistics: &'a SharedStatistics,
}

/// A layer, and its features in the stage.
struct OpenLayer<'a> {
    layer: &'a dyn EntityLayer,
    stage: LayerStage,
}

/// A block with its number in the file.
type NumberedBlock = (u64, Block);

impl<'a> OsmLayers<'a> {
    /// Begins the layers. The path of each layer is its name.
    fn begin(
        ctx: &'a Context,
        env: &'a Environment,
        stage: &'a mut Stage,
        layers: &'a [Box<dyn EntityLayer>],
        mode: Mode,
        statistics: &'a SharedStatistics,
    ) -> Result<Self, Failure> {
        let open = layers.iter().map(|layer| {
            let path = DatasetPath::new(&layer.layer().name).map_err(public_error)?;
            let stage = stage.layer(&path, layer.layer(), mode).map_err(public_error)?;
            Ok::<_, Failure>(OpenLayer { layer: &**layer, stage })
        });
        let layers = open.collect::<Result<Vec<_>, _>>()?;
        let read = match mode {
            Mode::Add => Some(ReadLayers::open(stage, &layers)?),
            Mode::Replace => None,
        };
        Ok(Self { ctx, env, stage, layers, read, log: MergeLog::default(), statistics })
    }

    /// Writes the entities of a source into the layers, and adds the layers to the stage.
    fn write(mut self, source: &mut Source) -> Result<(), Failure> {
        let assembler = Assembler::new(&self.env.scratch, self.env.osm_node_memory).map_err(public_error)?;
        let interrupter = assembler.interrupter();
        let _cancel_assembly = self.ctx.on_cancel(move || interrupter.interrupt());

        self.ctx.step("Importing into GeoGig repo...").unit("entities");
        self.read_blocks(source, &assembler)?;
        let ways = self.statistics.lock().ways;
        self.ctx.step("Staging features...").total(Some(ways)).unit("ways");
        let resolved = assembler.finish().map_err(public_error)?;
        self.statistics.lock().warnings.merge(resolved.warnings().clone());
        self.remove_superseded_nodes(&resolved)?;
        self.write_out_of_order_nodes(&resolved)?;
        self.log.sort();
        self.write_ways(&resolved)?;
        self.log.sort();
        self.redraw_ways(&resolved)?;
        drop(resolved);
        self.finish()
    }

    /// Adds the layers to the stage. Data with ways and without nodes, as of `out geom`, does not say that there are no nodes:
    /// layers of nodes are left as they are.
    fn finish(self) -> Result<(), Failure> {
        let has_only_ways = {
            let statistics = self.statistics.lock();
            statistics.nodes == 0 && statistics.kept > 0
        };
        for OpenLayer { layer, stage } in self.layers {
            if !has_only_ways || layer.kind() != EntityKind::Node {
                self.stage.finish(stage).map_err(public_error)?;
            } else if self.read.is_none() {
                self.statistics.lock().untouched_layers.push(layer.layer().name.clone());
            }
        }
        Ok(())
    }

    /// Reads all blocks, writes the nodes of in-order blocks, and gives everything else to the assembler.
    fn read_blocks(&mut self, source: &mut Source, assembler: &Assembler) -> Result<(), Failure> {
        let workers = self.writers(EntityKind::Node)?;
        let (ctx, failure) = (self.ctx, FirstFailure::default());
        let (sender, receiver) = bounded(2 * workers.len());
        let results = thread::scope(|scope| {
            let start = |writers| {
                let receiver = receiver.clone();
                let work = || process_blocks(ctx, receiver, assembler, writers);
                let failure = &failure;
                scope.spawn(move || failure.run(|| assembler.abort(), work))
            };
            let threads: Vec<_> = workers.into_iter().map(start).collect();
            // Only the workers keep receivers, so that sending fails once all of them have failed.
            drop(receiver);
            failure.run(|| (), || send_blocks(ctx, source, sender));
            join_all(threads)
        });
        let written = failure.into_result(results)?;
        self.collect(EntityKind::Node, written);
        Ok(())
    }

    /// Removes features of nodes for which a later version was read.
    fn remove_superseded_nodes(&mut self, resolved: &ResolvedEntities) -> Result<(), Failure> {
        for layer in self.layers.iter_mut().filter(|layer| layer.layer.kind() == EntityKind::Node) {
            layer.stage.withdraw(resolved.superseded_nodes()).map_err(public_error)?;
        }
        Ok(())
    }

    fn write_out_of_order_nodes(&mut self, resolved: &ResolvedEntities) -> Result<(), Failure> {
        if resolved.out_of_order_parts() == 0 {
            return Ok(());
        }
        let (ctx, queue) = (self.ctx, WorkQueue::new(0..resolved.out_of_order_parts()));
        let written = run_all(self.writers(EntityKind::Node)?, &queue, |mut writers| {
            let mut entities = Entities::default();
            while let Some(part) = queue.next() {
                ctx.check()?;
                resolved.out_of_order_nodes(part, &mut entities, |node| writers.add_node(node))?;
                writers.flush()?;
            }
            writers.finish()
        })?;
        self.collect(EntityKind::Node, written);
        Ok(())
    }

    fn write_ways(&mut self, resolved: &ResolvedEntities) -> Result<(), Failure> {
        let (ctx, queue) = (self.ctx, WorkQueue::new(0..resolved.way_parts()));
        let writers = self.writers(EntityKind::Way)?;
        let (outdated, of_import) = (&self.log.outdated_nodes, self.statistics);
        let written = run_all(writers, &queue, |mut writers| {
            let (mut builder, mut statistics) = (resolved.way_builder(outdated), of_import.of_thread());
            while let Some(part) = queue.next() {
                let built = builder.build(part, &mut statistics.warnings, &mut writers);
                let (ways, way_statistics) = built?;
                statistics.way_statistics += way_statistics;
                writers.flush()?;
                ctx.advance(ways)?;
            }
            writers.finish()
        })?;
        self.collect(EntityKind::Way, written);
        Ok(())
    }

    /// For each thread, writers into the layers whose features are made of entities of a type.
    fn writers(&mut self, kind: EntityKind) -> Result<Vec<FeatureWriters<'a>>, Failure> {
        (0..self.env.threads.max(1)).map(|_| self.writers_of_thread(kind)).collect()
    }

    fn writers_of_thread(&mut self, kind: EntityKind) -> Result<FeatureWriters<'a>, Failure> {
        let Self { stage, layers, read, statistics, .. } = self;
        let existing = read.as_ref().map(|read| read.readers(stage, layers)).transpose()?;
        let merge = existing.map(Merge::new);
        let of_kind = layers.iter_mut().filter(|layer| layer.layer.kind() == kind);
        let writer = |open: &mut OpenLayer<'a>| {
            let previous = merge.is_some().then(|| open.stage.previous(stage)).flatten();
            LayerWriter::new(open.layer, open.stage.writer(stage), previous)
        };
        let writers = of_kind.map(writer).collect();
        Ok(FeatureWriters::new(writers, statistics.of_thread(), merge))
    }

    /// Adds what the threads have done to the layers.
    fn collect(&mut self, kind: EntityKind, results: Vec<ThreadResult>) {
        for result in results {
            self.log.append(result.log);
            let of_kind = self.layers.iter_mut().filter(|layer| layer.layer.kind() == kind);
            for (layer, (features, removed)) in of_kind.zip(result.layers) {
                layer.stage.collect(features);
                layer.stage.remove_previous(removed);
            }
        }
    }
}

/// Sends the blocks of the source, until it ends or all workers have failed.
fn send_blocks(ctx: &Context, source: &mut Source, blocks: Sender<NumberedBlock>) -> Result<(), Failure> {
    for (number, block) in (0..).zip(source) {
        ctx.check()?;
        if blocks.send((number, block.map_err(public_error)?)).is_err() {
            break;
        }
    }
    Ok(())
}

/// The work of one thread: decodes blocks, adds them to the assembler, and writes the nodes of in-order blocks.
fn process_blocks(
    ctx: &Context,
    blocks: Receiver<NumberedBlock>,
    assembler: &Assembler,
    mut writers: FeatureWriters<'_>,
) -> Result<ThreadResult, Failure> {
    let mut entities = Entities::default();
    for (number, block) in blocks {
        let decoded = block.decode(&mut entities);
        writers.statistics.warnings.merge(entities.take_warnings());
        decoded.map_err(public_error)?;
        entities.iter().for_each(|entity| writers.statistics.add(&entity));
        if assembler.add_block(number, &entities).map_err(public_error)? {
            for entity in entities.iter() {
                if let Entity::Node(node) = entity {
                    writers.add_node(&node)?;
                }
            }
            writers.flush()?;
        }
        ctx.advance(entities.len() as u64)?;
    }
    writers.finish()
}
