//! From entities in any order to nodes and ways that are whole, each once.
//!
//! ```text
//! blocks, on several threads ──take()──▶ Assembler ──settle()──▶ ResolvedEntities ──▶ nodes that came late
//!    │                                                            └─────▶ ways with their lines
//!    └──▶ nodes that are new become features at once
//! ```
//!
//! Files are sorted nearly always: nodes by id, then ways by id. So a block of nodes whose ids ascend, and are higher than
//! all before, holds nothing that was there already: its nodes can become features at once, and only their places are kept. Any
//! other block is *late*: its nodes are put aside until all were read, for one of them may be another version of a node
//! that was there before. Ways are put aside, too, since they may come before their nodes.
//!
//! Of several versions of an entity the highest counts, of equal ones the last that was read. If the one that counts is
//! that of a deletion, there is no such entity.

mod linestring;
mod locations;
mod resolved;
mod sequencer;
mod spool;
mod versions;

pub use resolved::{ResolvedEntities, WayBuilder, WayStatistics};

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use crate::{Entities, Entity, EntityKind, Error};
use locations::{LocationIndexBuilder, Run};
use sequencer::{IdOrder, Sequencer};
use spool::Spool;
use versions::EntityVersion;

/// Takes in entities, from several threads at once.
pub struct Assembler {
    /// For what is yet to be put aside.
    scratch: PathBuf,
    interrupter: Interrupter,
    sequencer: Sequencer,
    store: LocationIndexBuilder,
    late: Spool,
    ways: Spool,
}

/// Stops the work on an [`Assembler`], from any thread and for good.
#[derive(Clone, Debug, Default)]
pub struct Interrupter(Arc<AtomicBool>);

impl Interrupter {
    /// Whatever is being done, or is asked for from now on, fails with [`Error::Interrupted`].
    pub fn interrupt(&self) {
        self.0.store(true, Relaxed);
    }

    fn check(&self) -> Result<(), Error> {
        if self.0.load(Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}

impl Assembler {
    /// An empty one. What does not fit into memory goes to files in `scratch` that have no name: ways, and the places of
    /// nodes once they take more than `node_memory` bytes.
    ///
    /// # Errors
    /// If there can be no such files.
    pub fn new(scratch: &Path, node_memory: u64) -> Result<Self, Error> {
        Ok(Self {
            scratch: scratch.to_owned(),
            interrupter: Interrupter::default(),
            sequencer: Sequencer::default(),
            store: LocationIndexBuilder::new(scratch, node_memory)?,
            late: Spool::new(scratch)?,
            ways: Spool::new(scratch)?,
        })
    }

    /// Stops the work from another thread.
    pub fn interrupter(&self) -> Interrupter {
        self.interrupter.clone()
    }

    /// Takes in the entities of the block that was read as the `number`th, counted from 0. Each number must come, and
    /// a thread waits here for those that have lower ones.
    ///
    /// Whether the nodes are new: then they must become features now, and will not be seen again.
    ///
    /// # Errors
    /// If it is interrupted, by [`Self::give_up`] too, or the disk is full.
    pub fn add_block(&self, number: u64, entities: &Entities) -> Result<bool, Error> {
        self.interrupter.check()?;
        let nodes = IdOrder::of(entities, EntityKind::Node);
        let ways = IdOrder::of(entities, EntityKind::Way);
        let run = match nodes.is_ascending_and_visible() {
            true => self.store.keep(Run::of(number, entities))?,
            false => None,
        };
        let are_new = self.sequencer.run_in_order(number, nodes, ways, |are_new| {
            if let Some(run) = run.filter(|_| are_new) {
                self.store.add(run);
            }
        })?;
        if !are_new {
            self.late.add(number, entities, EntityKind::Node)?;
        }
        if ways.count > 0 {
            self.ways.add(number, entities, EntityKind::Way)?;
        }
        Ok(are_new)
    }

    /// Lets those go, with an error, who wait in [`Self::take`] for a thread that has failed.
    pub fn abort(&self) {
        self.sequencer.abort();
    }

    /// Finds out which of the nodes that came late count. Every block must have been taken in.
    ///
    /// # Errors
    /// If it is interrupted, or the disk fails.
    pub fn finish(self) -> Result<ResolvedEntities, Error> {
        ResolvedEntities::new(self)
    }
}

/// The versions of all entities of a kind in a run, in their order.
fn versions(entities: &Entities, kind: EntityKind) -> impl Iterator<Item = EntityVersion> {
    let of_kind = entities.iter().filter(move |entity: &Entity<'_>| entity.kind() == kind);
    of_kind.map(|entity| EntityVersion::of(&entity))
}
