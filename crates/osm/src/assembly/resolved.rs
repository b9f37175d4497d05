//! The entities that are used, once all blocks were read.

use std::path::PathBuf;

use super::{
    interrupter::Interrupter,
    linestring::{LinestringBuilder, WayStatistics},
    locations::{LocationIndex, LocationIndexBuilder, LocationLookup, NodeLocation, SortedRun},
    spool::{Spool, SpoolReader},
    versions::{CurrentVersions, EntityVersion, SortedVersions, resolve_versions},
    way_visitor::WayVisitor,
};
use crate::{Entities, Entity, EntityKind, Error, Node, Warnings, Way, warning_texts};

/// How many nodes of out-of-order blocks make a run of the index: as many as a block has.
const MAX_RUN_NODES: usize = 8192;

/// What an assembler has collected from all blocks.
pub(super) struct Collected {
    pub(super) scratch: PathBuf,
    pub(super) interrupter: Interrupter,
    pub(super) in_order: LocationIndexBuilder,
    pub(super) out_of_order_nodes: Spool,
    pub(super) ways: Spool,
    /// Whether a way may have been read more than once.
    pub(super) ways_may_repeat: bool,
}

/// The nodes of out-of-order blocks and the ways, in parts that several threads can read at once.
pub struct ResolvedEntities {
    interrupter: Interrupter,
    in_order: LocationIndex,
    out_of_order: LocationIndex,
    out_of_order_nodes: SpoolReader,
    current_nodes: CurrentVersions,
    superseded: Vec<i64>,
    ways: SpoolReader,
    /// `None` if each way was read once.
    current_ways: Option<CurrentVersions>,
    warnings: Warnings,
}

impl ResolvedEntities {
    pub(super) fn resolve(collected: Collected) -> Result<Self, Error> {
        let Collected { scratch, interrupter, in_order, out_of_order_nodes, ways, ways_may_repeat } =
            collected;
        let out_of_order = LocationIndexBuilder::new(&scratch, in_order.memory_left())?;
        let in_order = in_order.finish();
        let mut out_of_order_nodes = out_of_order_nodes.finish();
        let ways = ways.finish();

        let versions = out_of_order_nodes.take_versions();
        let mut resolver = NodeResolver {
            in_order: LocationLookup::new(&in_order),
            block_numbers: out_of_order_nodes.block_numbers(),
            out_of_order,
            run: SortedRun::default(),
            superseded: Vec::new(),
            warnings: Warnings::default(),
        };
        let mut warnings = Warnings::default();
        let current_nodes =
            resolve_versions(&versions, EntityKind::Node, &interrupter, &mut warnings, |part, version| {
                resolver.accept(part, version)
            })?;
        drop(versions);
        let (out_of_order, superseded) = resolver.finish(&mut warnings)?;
        let current_ways = match ways_may_repeat {
            true => Some(resolve_ways(&ways, &interrupter, &mut warnings)?),
            false => None,
        };
        Ok(Self {
            interrupter,
            in_order,
            out_of_order,
            out_of_order_nodes,
            current_nodes,
            superseded,
            ways,
            current_ways,
            warnings,
        })
    }

    /// What was odd about versions that were chosen between.
    pub fn warnings(&self) -> &Warnings {
        &self.warnings
    }

    /// The ids of nodes of in-order blocks whose features must be removed, because a later version replaces or deletes
    /// them. In ascending order.
    pub fn superseded_nodes(&self) -> &[i64] {
        &self.superseded
    }

    /// The number of parts for [`Self::out_of_order_nodes`].
    pub fn out_of_order_parts(&self) -> usize {
        self.out_of_order_nodes.len()
    }

    /// Calls `visit` with each node of a part whose version is used. Those with a position must become features; the others
    /// were deleted, or are not on Earth. `entities` is a buffer that calls may share.
    ///
    /// # Errors
    /// Those of `visit`; if a temporary file cannot be read; or after [`Interrupter::interrupt`].
    pub fn out_of_order_nodes<E: From<Error>>(
        &self,
        part: usize,
        entities: &mut Entities,
        mut visit: impl FnMut(&Node<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.interrupter.check()?;
        self.out_of_order_nodes.read(part, entities)?;
        for (index, entity) in entities.iter().enumerate() {
            if let Entity::Node(node) = entity
                && self.current_nodes.contains(part, index)
            {
                visit(&node)?;
            }
        }
        Ok(())
    }

    /// The number of parts for [`WayBuilder::build`].
    pub fn way_parts(&self) -> usize {
        self.ways.len()
    }

    /// A builder of ways for one thread. `outdated` are the ids of nodes, ascending, of which a later version may
    /// [exist](WayVisitor::existing_node) already.
    pub fn way_builder<'a>(&'a self, outdated: &'a [i64]) -> WayBuilder<'a> {
        let out_of_order = LocationLookup::new(&self.out_of_order);
        let in_order = LocationLookup::new(&self.in_order);
        WayBuilder {
            resolved: self,
            linestrings: LinestringBuilder::new(out_of_order, in_order, outdated),
            entities: Entities::default(),
        }
    }

    fn is_current_way(&self, part: usize, index: usize) -> bool {
        self.current_ways.as_ref().is_none_or(|current| current.contains(part, index))
    }
}

/// Builds the linestrings of ways, on one thread.
pub struct WayBuilder<'a> {
    resolved: &'a ResolvedEntities,
    linestrings: LinestringBuilder<'a>,
    entities: Entities,
}

impl WayBuilder<'_> {
    /// Gives the ways of a part to `visitor`, and adds the problems of ways to `warnings`. Returns the number of all ways in
    /// the part, and the statistics.
    ///
    /// # Errors
    /// Those of the visitor; if a temporary file cannot be read; or after [`Interrupter::interrupt`].
    pub fn build<V: WayVisitor>(
        &mut self,
        part: usize,
        warnings: &mut Warnings,
        visitor: &mut V,
    ) -> Result<(u64, WayStatistics), V::Error> {
        let Self { resolved, linestrings, entities } = self;
        let mut statistics = WayStatistics::default();
        resolved.ways.read(part, entities)?;
        for (index, entity) in entities.iter().enumerate() {
            let Entity::Way(way) = entity else { continue };
            if !resolved.is_current_way(part, index) || !visitor.is_used(&way, warnings)? {
                continue;
            }
            resolved.interrupter.check()?;
            let built = match way.info.visible {
                true => linestrings.build(way, &mut statistics, warnings, visitor)?,
                false => None,
            };
            match built {
                Some(built) => visitor.visit(&built, warnings)?,
                None => visitor.without_geometry(&way)?,
            }
        }
        Ok((entities.len() as u64, statistics))
    }

    /// Gives a way that is not part of the data to `visitor`, with its nodes as the data has them.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn build_existing<V: WayVisitor>(
        &mut self,
        way: Way<'_>,
        warnings: &mut Warnings,
        visitor: &mut V,
    ) -> Result<(), V::Error> {
        self.resolved.interrupter.check()?;
        let mut statistics = WayStatistics::default();
        match self.linestrings.build(way, &mut statistics, warnings, visitor)? {
            Some(built) => visitor.visit(&built, warnings),
            None => visitor.without_geometry(&way),
        }
    }
}

/// Determines which nodes of out-of-order blocks are used, and builds the index of their positions.
struct NodeResolver<'a> {
    in_order: LocationLookup<'a>,
    /// The block number of each part.
    block_numbers: Vec<u64>,
    out_of_order: LocationIndexBuilder,
    run: SortedRun,
    superseded: Vec<i64>,
    warnings: Warnings,
}

impl NodeResolver<'_> {
    /// Compares the last version of a node in out-of-order blocks with that in in-order blocks, if there is one. Returns
    /// whether this version is used. The calls come in ascending order of the ids.
    fn accept(&mut self, part: usize, version: EntityVersion) -> Result<bool, Error> {
        let in_order = self.in_order.find(version.id)?;
        if in_order.is_some_and(|other| self.contradicts(&other, &version)) {
            self.warnings.add_loss(warning_texts::DIFFERENT_CONTENTS, EntityKind::Node, version.id);
        }
        let is_replaced = in_order.is_some_and(|other| {
            (other.version, other.block_number) > (version.number, self.block_numbers[part])
        });
        if is_replaced {
            return Ok(false);
        }
        if in_order.is_some() {
            self.superseded.push(version.id);
        }
        if self.run.len() == MAX_RUN_NODES {
            self.end_run()?;
        }
        // A deleted node has an entry too, which hides the earlier version in the other index.
        self.run.push(version.id, version.position, version.number, version.fingerprint);
        Ok(true)
    }

    /// Whether a node of an in-order block has another content than the same version in an out-of-order block.
    fn contradicts(&mut self, in_order: &NodeLocation, version: &EntityVersion) -> bool {
        in_order.version == version.number
            && (in_order.position != version.position
                || self.in_order.fingerprint(version.id) != version.fingerprint)
    }

    fn end_run(&mut self) -> Result<(), Error> {
        let run = std::mem::take(&mut self.run);
        if let Some(run) = self.out_of_order.store(run)? {
            self.out_of_order.append(run);
        }
        Ok(())
    }

    /// The index of the nodes, and the ids of those that replace a node of an in-order block.
    fn finish(mut self, warnings: &mut Warnings) -> Result<(LocationIndex, Vec<i64>), Error> {
        self.end_run()?;
        warnings.merge(self.warnings);
        Ok((self.out_of_order.finish(), self.superseded))
    }
}

/// Determines which ways are used, if a way may have been read more than once.
fn resolve_ways(
    ways: &SpoolReader,
    interrupter: &Interrupter,
    warnings: &mut Warnings,
) -> Result<CurrentVersions, Error> {
    let mut entities = Entities::default();
    let mut parts = Vec::with_capacity(ways.len());
    for part in 0..ways.len() {
        interrupter.check()?;
        ways.read(part, &mut entities)?;
        parts.push(SortedVersions::of(&entities, EntityKind::Way));
    }
    resolve_versions(&parts, EntityKind::Way, interrupter, warnings, |_, _| Ok(true))
}
