//! What was taken in, once all of it was.

use super::{
    Intake, Interrupter,
    line::LineBuilder,
    locations::{Finder, Locations, NOWHERE, Run, Store},
    spool::Parts,
    versions::{Version, Versions, Winners, decide},
};
use crate::{BuiltWay, Entities, Entity, EntityKind, Error, Node, Warnings};

/// Nodes of one run of the late ones: as many as a block has.
const RUN: usize = 8192;

/// Nodes that came late, and ways; any part of them on any thread.
pub struct Settled {
    interrupter: Interrupter,
    early: Locations,
    late: Locations,
    late_nodes: Parts,
    late_winners: Winners,
    superseded: Vec<i64>,
    ways: Parts,
    /// Nothing where every way counts.
    way_winners: Option<Winners>,
}

/// What became of ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WayCounts {
    /// Ways without a line, for which fewer than two positions were left.
    pub without_line: u64,
    /// References to nodes that are not there.
    pub missing_nodes: u64,
}

impl Settled {
    pub(super) fn new(
        Intake { scratch, interrupter, gate, store, late, ways }: Intake,
    ) -> Result<Self, Error> {
        let (mut late_nodes, ways) = (late.finish(), ways.finish());
        let late_store = Store::new(&scratch, store.memory_left())?;
        let early = store.finish();
        let mut settling = Settling {
            finder: Finder::new(&early),
            numbers: late_nodes.numbers(),
            store: late_store,
            run: Run::default(),
            superseded: Vec::new(),
        };
        let node_versions = late_nodes.take_versions();
        let late_winners =
            decide(&node_versions, &interrupter, |part, at, version| settling.accept(part, at, version))?;
        drop(node_versions);
        settling.end_run()?;
        let Settling { store: late_store, superseded, .. } = settling;
        let way_winners = match gate.ways_are_in_disorder() {
            true => Some(decide_ways(&ways, &interrupter)?),
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
    pub fn superseded(&self) -> &[i64] {
        &self.superseded
    }

    /// In how many parts the late nodes are.
    pub fn late_parts(&self) -> usize {
        self.late_nodes.len()
    }

    /// Calls `visit` with each node of a part that is yet to become a feature; `entities` is room to work in.
    ///
    /// # Errors
    /// Those of `visit`; if it is interrupted, or the disk fails.
    pub fn late_nodes<E: From<Error>>(
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
            settled: self,
            line: LineBuilder::new(Finder::new(&self.late), Finder::new(&self.early)),
            entities: Entities::default(),
        }
    }
}

/// Builds ways on one thread.
pub struct WayBuilder<'a> {
    settled: &'a Settled,
    line: LineBuilder<'a>,
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
        mut visit: impl FnMut(&BuiltWay<'_>, &mut Warnings) -> Result<(), E>,
    ) -> Result<(u64, WayCounts), E> {
        let Self { settled, line, entities } = self;
        let mut counts = WayCounts::default();
        settled.ways.read(part, entities)?;
        for (at, entity) in entities.iter().enumerate() {
            let Entity::Way(way) = entity else { continue };
            let counts_at_all = settled.way_winners.as_ref().is_none_or(|winners| winners.holds(part, at));
            if !counts_at_all || !way.info.visible {
                continue;
            }
            settled.interrupter.check()?;
            if let Some(built) = line.build(way, &mut counts, warnings)? {
                visit(&built, warnings)?;
            }
        }
        Ok((entities.len() as u64, counts))
    }
}

/// Decides which of the late nodes count, and keeps their places.
struct Settling<'a> {
    finder: Finder<'a>,
    /// The number of the block of each part.
    numbers: Vec<u64>,
    store: Store,
    run: Run,
    superseded: Vec<i64>,
}

impl Settling<'_> {
    /// Whether the node, the best of the late ones of its id, becomes a feature.
    fn accept(&mut self, part: usize, _: u32, version: Version) -> Result<bool, Error> {
        let early = self.finder.find(version.id)?;
        let is_beaten =
            early.is_some_and(|early| (early.version, early.number) > (version.number, self.numbers[part]));
        if is_beaten {
            return Ok(false);
        }
        if early.is_some() {
            self.superseded.push(version.id);
        }
        // Ids come here in ascending order. A deleted node is kept, too: it hides an earlier version.
        if self.run.len() == RUN {
            self.end_run()?;
        }
        let position = if version.visible { version.position } else { NOWHERE };
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
fn decide_ways(ways: &Parts, interrupter: &Interrupter) -> Result<Winners, Error> {
    let mut entities = Entities::default();
    let mut parts = Vec::with_capacity(ways.len());
    for part in 0..ways.len() {
        interrupter.check()?;
        ways.read(part, &mut entities)?;
        parts.push(Versions::new(super::versions(&entities, EntityKind::Way)));
    }
    decide(&parts, interrupter, |_, _, version| Ok(version.visible))
}
