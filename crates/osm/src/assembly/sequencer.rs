//! Handles blocks in the order of the file, although several threads decode them.

use std::sync::{Condvar, Mutex, PoisonError};

use crate::{Entities, EntityKind, Error};

/// Lets blocks pass in the order of their numbers, and compares their ids with those of the blocks before.
#[derive(Default)]
pub(super) struct Sequencer {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The number of the block whose turn it is.
    next: u64,
    is_aborted: bool,
    highest_node: Option<i64>,
    highest_way: Option<i64>,
    ways_may_repeat: bool,
}

/// The order of the ids of a block's entities of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IdOrder {
    pub(super) count: u64,
    /// The first and the last id.
    range: Option<(i64, i64)>,
    /// Whether each id is higher than the one before.
    is_ascending: bool,
    all_visible: bool,
}

impl IdOrder {
    pub(super) fn of(entities: &Entities, kind: EntityKind) -> Self {
        let mut order = Self { count: 0, range: None, is_ascending: true, all_visible: true };
        for record in entities.records().iter().filter(|record| record.kind == kind) {
            let (first, last) = order.range.unwrap_or((record.id, record.id));
            order.is_ascending &= order.count == 0 || record.id > last;
            order.all_visible &= record.visible;
            order.range = Some((first, record.id));
            order.count += 1;
        }
        order
    }

    /// Whether the block is in order if its first id is higher than all ids before.
    pub(super) fn is_ascending_and_visible(&self) -> bool {
        self.is_ascending && self.all_visible
    }

    /// Whether the ids ascend and are higher than `highest`. If so, raises `highest` to the last id.
    fn ascends_beyond(&self, highest: &mut Option<i64>) -> bool {
        let Some((first, last)) = self.range else { return true };
        let is_beyond = self.is_ascending && highest.is_none_or(|highest| first > highest);
        if is_beyond {
            *highest = Some(last);
        }
        is_beyond
    }
}

impl Sequencer {
    /// Waits for the turn of block `number`, determines whether its nodes are in order, and calls `action` with the result
    /// before the next block has its turn. Returns the same result.
    pub(super) fn run_in_order(
        &self,
        number: u64,
        nodes: IdOrder,
        ways: IdOrder,
        action: impl FnOnce(bool),
    ) -> Result<bool, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.next != number && !state.is_aborted {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_aborted {
            return Err(Error::Interrupted);
        }
        // Out-of-order nodes do not raise the highest id: otherwise one of them with a high id would make all blocks after
        // it out of order.
        let is_in_order = nodes.is_ascending_and_visible() && nodes.ascends_beyond(&mut state.highest_node);
        if !ways.ascends_beyond(&mut state.highest_way) {
            state.ways_may_repeat = true;
        }
        action(is_in_order);
        state.next += 1;
        drop(state);
        self.changed.notify_all();
        Ok(is_in_order)
    }

    /// Makes all current and later calls of [`Self::run_in_order`] fail.
    pub(super) fn abort(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_aborted = true;
        self.changed.notify_all();
    }

    /// Whether a way may have been read more than once, because the ids of ways did not ascend.
    pub(super) fn ways_may_repeat(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).ways_may_repeat
    }
}
