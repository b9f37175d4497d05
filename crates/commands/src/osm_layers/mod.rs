//! OpenStreetMap data on its way into the layers of a stage, on several threads.
//!
//! One thread reads blocks; the others unpack them, write the nodes into their layers and put the ways aside. Once all
//! nodes are known, the ways are written, too. What comes in which order makes no difference.

mod feature_writers;
mod first_failure;
mod statistics;

pub(crate) use statistics::OsmStatistics;

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use longhaul_osm::{Assembler, Block, Entities, Entity, EntityKind, EntityLayer, ResolvedEntities, Source};
use longhaul_repository::{DatasetPath, LayerStage, Mode, Stage, WrittenFeatures};
use longhaul_tasks::{Context, Failure};

use crate::{Environment, public_error::public_error};
use feature_writers::FeatureWriters;
use first_failure::{FirstFailure, run_all};

/// Layers that entities become features of, on their way into a stage.
pub(crate) struct OsmLayers<'a> {
    ctx: &'a Context,
    env: &'a Environment,
    stage: &'a mut Stage,
    layers: Vec<OpenLayer<'a>>,
}

/// A layer, and what has become of it.
struct OpenLayer<'a> {
    layer: &'a dyn EntityLayer,
    stage: LayerStage,
}

/// Blocks on their way from the thread that reads to those that unpack, each with its number.
type Numbered = (u64, Block);

impl<'a> OsmLayers<'a> {
    /// Begins the layers; each is kept under its own name.
    pub(crate) fn begin(
        ctx: &'a Context,
        env: &'a Environment,
        stage: &'a mut Stage,
        layers: &'a [Box<dyn EntityLayer>],
        mode: Mode,
    ) -> Result<Self, Failure> {
        let open = layers.iter().map(|layer| {
            let path = DatasetPath::new(&layer.layer().name).map_err(public_error)?;
            let stage = stage.layer(&path, layer.layer(), mode).map_err(public_error)?;
            Ok::<_, Failure>(OpenLayer { layer: &**layer, stage })
        });
        let layers = open.collect::<Result<_, _>>()?;
        Ok(Self { ctx, env, stage, layers })
    }

    /// Writes the entities of a source into the layers, and takes the layers into the stage.
    pub(crate) fn write(mut self, source: &mut Source) -> Result<OsmStatistics, Failure> {
        let assembler = Assembler::new(&self.env.scratch, self.env.osm_node_memory).map_err(public_error)?;
        let interrupter = assembler.interrupter();
        let _reading = self.ctx.on_cancel(move || interrupter.interrupt());

        self.ctx.step("Importing into GeoGig repo...").unit("entities");
        let mut statistics = self.take_in(source, &assembler)?;
        self.ctx.step("Staging features...").total(Some(statistics.ways)).unit("ways");
        let resolved = assembler.finish().map_err(public_error)?;
        self.write_out_of_order_nodes(&resolved, &mut statistics)?;
        self.write_ways(&resolved, &mut statistics)?;
        drop(resolved);
        for OpenLayer { stage, .. } in self.layers {
            self.stage.finish(stage).map_err(public_error)?;
        }
        Ok(statistics)
    }

    fn take_in(&mut self, source: &mut Source, assembler: &Assembler) -> Result<OsmStatistics, Failure> {
        let workers = self.writers(EntityKind::Node);
        let (ctx, failure) = (self.ctx, FirstFailure::default());
        let (blocks, incoming) = bounded(2 * workers.len());
        let done = thread::scope(|scope| {
            let start = |writers| {
                let incoming = incoming.clone();
                let work = || take_blocks(ctx, incoming, assembler, writers);
                let failure = &failure;
                scope.spawn(move || failure.watch(|| assembler.abort(), work))
            };
            let running: Vec<_> = workers.into_iter().map(start).collect();
            // What the workers hold are the only ends left: if all of them fail, there is nobody to send to.
            drop(incoming);
            failure.watch(|| (), || send_blocks(ctx, source, blocks));
            first_failure::join(running)
        });
        let done = failure.or_all(done)?;
        Ok(self.collect(EntityKind::Node, done))
    }

    /// Puts nodes that came late in the place of earlier versions of them.
    fn write_out_of_order_nodes(
        &mut self,
        resolved: &ResolvedEntities,
        statistics: &mut OsmStatistics,
    ) -> Result<(), Failure> {
        let superseded = resolved.superseded_nodes();
        for layer in self.layers.iter_mut().filter(|layer| layer.layer.kind() == EntityKind::Node) {
            layer.stage.withdraw(superseded).map_err(public_error)?;
        }
        if resolved.out_of_order_parts() == 0 {
            return Ok(());
        }
        let (ctx, next) = (self.ctx, AtomicUsize::new(0));
        let done = run_all(self.writers(EntityKind::Node), |mut writers| {
            let mut entities = Entities::default();
            while let Some(part) = next_of(&next, resolved.out_of_order_parts()) {
                ctx.check()?;
                resolved.out_of_order_nodes(part, &mut entities, |node| writers.add_node(node))?;
                writers.flush()?;
            }
            writers.finish(OsmStatistics::default())
        })?;
        statistics.merge(self.collect(EntityKind::Node, done));
        Ok(())
    }

    fn write_ways(
        &mut self,
        resolved: &ResolvedEntities,
        statistics: &mut OsmStatistics,
    ) -> Result<(), Failure> {
        let (ctx, next) = (self.ctx, AtomicUsize::new(0));
        let done = run_all(self.writers(EntityKind::Way), |mut writers| {
            let (mut builder, mut statistics) = (resolved.way_builder(), OsmStatistics::default());
            while let Some(part) = next_of(&next, resolved.way_parts()) {
                let built = builder
                    .build(part, &mut statistics.warnings, |way, warnings| writers.add_way(way, warnings));
                let (ways, counts) = built?;
                statistics.add_ways(counts);
                writers.flush()?;
                ctx.advance(ways)?;
            }
            writers.finish(statistics)
        })?;
        statistics.merge(self.collect(EntityKind::Way, done));
        Ok(())
    }

    /// For each thread a way into each layer that is made of entities of a kind.
    fn writers(&mut self, kind: EntityKind) -> Vec<FeatureWriters<'a>> {
        let threads = self.env.threads.max(1);
        let Self { stage, layers, .. } = self;
        let mut one = || {
            let of_kind = layers.iter_mut().filter(|layer| layer.layer.kind() == kind);
            FeatureWriters::new(of_kind.map(|open| (open.layer, open.stage.writer(stage))))
        };
        (0..threads).map(|_| one()).collect()
    }

    /// Takes over what the threads wrote, and what they counted.
    fn collect(&mut self, kind: EntityKind, done: Vec<Written>) -> OsmStatistics {
        let mut statistics = OsmStatistics::default();
        for (written, of_thread) in done {
            statistics.merge(of_thread);
            let of_kind = self.layers.iter_mut().filter(|layer| layer.layer.kind() == kind);
            of_kind.zip(written).for_each(|(layer, written)| layer.stage.collect(written));
        }
        statistics
    }
}

/// What one thread wrote into each layer, and what it counted.
type Written = (Vec<WrittenFeatures>, OsmStatistics);

/// Reads blocks until the source, or whoever takes them, has no more.
fn send_blocks(ctx: &Context, source: &mut Source, blocks: Sender<Numbered>) -> Result<(), Failure> {
    for numbered in (0..).zip(source) {
        ctx.check()?;
        let (number, block) = (numbered.0, numbered.1.map_err(public_error)?);
        if blocks.send((number, block)).is_err() {
            break;
        }
    }
    Ok(())
}

fn take_blocks(
    ctx: &Context,
    incoming: Receiver<Numbered>,
    assembler: &Assembler,
    mut writers: FeatureWriters<'_>,
) -> Result<Written, Failure> {
    let mut statistics = OsmStatistics::default();
    let mut entities = Entities::default();
    for (number, block) in incoming {
        block.decode(&mut entities).map_err(public_error)?;
        entities.iter().for_each(|entity| statistics.add(&entity));
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
    writers.finish(statistics)
}

fn next_of(next: &AtomicUsize, count: usize) -> Option<usize> {
    Some(next.fetch_add(1, Relaxed)).filter(|next| *next < count)
}
