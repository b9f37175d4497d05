//! What was taken in, once all of it was.

use super::{
    Assembler, Interrupter,
    linestring::LinestringBuilder,
    locations::{DELETED, LocationIndex, LocationIndexBuilder, LocationLookup, Run},
    spool::SpoolReader,
    versions::{CurrentVersions, EntityVersion, SortedVersions, resolve_versions},
};
use crate::{Entities, Entity, EntityKind, Error, Node, Warnings, WayWithGeometry};

/// Nodes of one run of the late ones: as many as a block has.
const MAX_RUN_NODES: usize = 8192;

/// Nodes that came late, and ways; any part of them on any thread.
pub struct ResolvedEntities {
    interrupter: Interrupter,
    early: LocationIndex,
    late: LocationIndex,
    late_nodes: SpoolReader,
    late_winners: CurrentVersions,
    superseded: Vec<i64>,
    ways: SpoolReader,
    /// Nothing where every way counts.
    way_winners: Option<CurrentVersions>,
}

/// What became of ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WayStatistics {
    /// Ways without a line, for which fewer than two positions were left.
    pub without_geometry: u64,
    /// References to nodes that are not there.
    pub missing_nodes: u64,
}

impl ResolvedEntities {
    pub(super) fn new(
        Assembler { scratch, interrupter, sequencer, store, late, ways }: Assembler,
    ) -> Result<Self, Error> {
        let (mut late_nodes, ways) = (late.finish(), ways.finish());
        let late_store = LocationIndexBuilder::new(&scratch, store.memory_left())?;
        let early = store.finish();
        let mut node_resolver = NodeResolver {
            lookup: LocationLookup::new(&early),
            numbers: late_nodes.numbers(),
            store: late_store,
            run: Run::default(),
            superseded: Vec::new(),
        };
        let node_versions = late_nodes.take_versions();
        let late_winners = resolve_versions(&node_versions, &interrupter, |part, at, version| {
            node_resolver.accept(part, at, version)
        })?;
        drop(node_versions);
        node_resolver.end_run()?;
        let NodeResolver { store: late_store, superseded, .. } = node_resolver;
        let way_winners = match sequencer.ways_may_repeat() {
            true => Some(resolve_ways(&ways, &interrupter)?),
            false => None,
        };
        Ok(Self {
            interrupter,
            late: late_store.finish(),
            early,
            late_nodes,
            late_winners,
            superseded,
            ways,
            way_winners,
        })
    }

    /// The ids of nodes that became features already and must not be: a later version counts. They ascend.
    pub fn superseded_nodes(&self) -> &[i64] {
        &self.superseded
    }

    /// In how many parts the late nodes are.
    pub fn out_of_order_parts(&self) -> usize {
        self.late_nodes.len()
    }

    /// Calls `visit` with each node of a part that is yet to become a feature; `entities` is room to work in.
    ///
    /// # Errors
    /// Those of `visit`; if it is interrupted, or the disk fails.
    pub fn out_of_order_nodes<E: From<Error>>(
        &self,
        part: usize,
        entities: &mut Entities,
        mut visit: impl FnMut(&Node<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.interrupter.check()?;
        self.late_nodes.read(part, entities)?;
        for (at, entity) in entities.iter().enumerate() {
            if let Entity::Node(node) = entity
                && self.late_winners.holds(part, at)
            {
                visit(&node)?;
            }
        }
        Ok(())
    }

    /// In how many parts the ways are.
    pub fn way_parts(&self) -> usize {
        self.ways.len()
    }

    /// What one thread needs to build ways.
    pub fn way_builder(&self) -> WayBuilder<'_> {
        WayBuilder {
            resolved: self,
            line: LinestringBuilder::new(LocationLookup::new(&self.late), LocationLookup::new(&self.early)),
            entities: Entities::default(),
        }
    }
}

/// Builds ways on one thread.
pub struct WayBuilder<'a> {
    resolved: &'a ResolvedEntities,
    line: LinestringBuilder<'a>,
    entities: Entities,
}

impl WayBuilder<'_> {
    /// Calls `visit` with each way of a part that has a line; those that have none, or not all of it, are among the
    /// `warnings`. How many ways there were at all, and what became of them.
    ///
    /// # Errors
    /// Those of `visit`; if it is interrupted, or the disk fails.
    pub fn build<E: From<Error>>(
        &mut self,
        part: usize,
        warnings: &mut Warnings,
        mut visit: impl FnMut(&WayWithGeometry<'_>, &mut Warnings) -> Result<(), E>,
    ) -> Result<(u64, WayStatistics), E> {
        let Self { resolved, line, entities } = self;
        let mut counts = WayStatistics::default();
        resolved.ways.read(part, entities)?;
        for (at, entity) in entities.iter().enumerate() {
            let Entity::Way(way) = entity else { continue };
            let counts_at_all = resolved.way_winners.as_ref().is_none_or(|current| current.holds(part, at));
            if !counts_at_all || !way.info.visible {
                continue;
            }
            resolved.interrupter.check()?;
            if let Some(built) = line.build(way, &mut counts, warnings)? {
                visit(&built, warnings)?;
            }
        }
        Ok((entities.len() as u64, counts))
    }
}

/// Decides which of the late nodes count, and keeps their places.
struct NodeResolver<'a> {
    lookup: LocationLookup<'a>,
    /// The number of the block of each part.
    numbers: Vec<u64>,
    store: LocationIndexBuilder,
    run: Run,
    superseded: Vec<i64>,
}

impl NodeResolver<'_> {
    /// Whether the node, the best of the late ones of its id, becomes a feature.
    fn accept(&mut self, part: usize, _: u32, version: EntityVersion) -> Result<bool, Error> {
        let early = self.lookup.find(version.id)?;
        let is_beaten =
            early.is_some_and(|early| (early.version, early.number) > (version.number, self.numbers[part]));
        if is_beaten {
            return Ok(false);
        }
        if early.is_some() {
            self.superseded.push(version.id);
        }
        // IdOrder come here in ascending order. A deleted node is kept, too: it hides an earlier version.
        if self.run.len() == MAX_RUN_NODES {
            self.end_run()?;
        }
        let position = if version.visible { version.position } else { DELETED };
        self.run.push(version.id, position, version.number);
        Ok(version.visible)
    }

    fn end_run(&mut self) -> Result<(), Error> {
        let run = std::mem::take(&mut self.run);
        if let Some(run) = self.store.keep(run)? {
            self.store.add(run);
        }
        Ok(())
    }
}

/// Which of the ways count, where one may have come more than once.
fn resolve_ways(ways: &SpoolReader, interrupter: &Interrupter) -> Result<CurrentVersions, Error> {
    let mut entities = Entities::default();
    let mut parts = Vec::with_capacity(ways.len());
    for part in 0..ways.len() {
        interrupter.check()?;
        ways.read(part, &mut entities)?;
        parts.push(SortedVersions::new(super::versions(&entities, EntityKind::Way)));
    }
    resolve_versions(&parts, interrupter, |_, _, version| Ok(version.visible))
}
