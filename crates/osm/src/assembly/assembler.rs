//! Collects the entities of all blocks.

use std::path::{Path, PathBuf};

use super::{
    interrupter::Interrupter,
    locations::{LocationIndexBuilder, SortedRun},
    resolved::{Collected, ResolvedEntities},
    sequencer::{IdOrder, Sequencer},
    spool::Spool,
};
use crate::{Entities, EntityKind, Error};

/// Collects the entities of all blocks, from several threads at once.
pub struct Assembler {
    /// The folder of temporary files.
    scratch: PathBuf,
    interrupter: Interrupter,
    sequencer: Sequencer,
    in_order: LocationIndexBuilder,
    out_of_order_nodes: Spool,
    ways: Spool,
}

impl Assembler {
    /// An empty assembler. It puts ways, and positions of nodes beyond `node_memory` bytes, into unnamed temporary files in
    /// the folder `scratch`.
    ///
    /// # Errors
    /// If the temporary files cannot be made.
    pub fn new(scratch: &Path, node_memory: u64) -> Result<Self, Error> {
        Ok(Self {
            scratch: scratch.to_owned(),
            interrupter: Interrupter::default(),
            sequencer: Sequencer::default(),
            in_order: LocationIndexBuilder::new(scratch, node_memory)?,
            out_of_order_nodes: Spool::new(scratch)?,
            ways: Spool::new(scratch)?,
        })
    }

    /// Stops the assembly from another thread.
    pub fn interrupter(&self) -> Interrupter {
        self.interrupter.clone()
    }

    /// Adds the entities of block `number`, counted from 0 in the order of the file. Every number must be added once. The
    /// call waits until all lower numbers were added.
    ///
    /// Returns whether the nodes of the block are in order. If so, the caller must make features of them now, because they
    /// are not kept.
    ///
    /// # Errors
    /// If a temporary file cannot be written, or after [`Interrupter::interrupt`] or [`Self::abort`].
    pub fn add_block(&self, number: u64, entities: &Entities) -> Result<bool, Error> {
        self.interrupter.check()?;
        let nodes = IdOrder::of(entities, EntityKind::Node);
        let ways = IdOrder::of(entities, EntityKind::Way);
        // Written before the block's turn, so that threads wait for each other only while they compare ids.
        let run = match nodes.is_ascending_and_visible() {
            true => self.in_order.store(SortedRun::of(number, entities))?,
            false => None,
        };
        let is_in_order = self.sequencer.run_in_order(number, nodes, ways, |is_in_order| {
            if let Some(run) = run.filter(|_| is_in_order) {
                self.in_order.append(run);
            }
        })?;
        if !is_in_order {
            self.out_of_order_nodes.add(number, entities, EntityKind::Node)?;
        }
        if ways.count > 0 {
            self.ways.add(number, entities, EntityKind::Way)?;
        }
        Ok(is_in_order)
    }

    /// Makes all calls of [`Self::add_block`] fail, also those that wait for the block of a thread that has failed.
    pub fn abort(&self) {
        self.sequencer.abort();
    }

    /// Determines which versions of the entities are used. Every block must have been added.
    ///
    /// # Errors
    /// If a temporary file cannot be read or written, or after [`Interrupter::interrupt`].
    pub fn finish(self) -> Result<ResolvedEntities, Error> {
        ResolvedEntities::resolve(Collected {
            scratch: self.scratch,
            interrupter: self.interrupter,
            ways_may_repeat: self.sequencer.ways_may_repeat(),
            in_order: self.in_order,
            out_of_order_nodes: self.out_of_order_nodes,
            ways: self.ways,
        })
    }
}
