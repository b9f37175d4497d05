//! The one place where blocks pass in the order of the file.

use std::sync::{Condvar, Mutex, PoisonError};

use crate::{Entities, EntityKind, Error};

/// Lets blocks pass one after the other, and looks at their ids.
#[derive(Default)]
pub(super) struct Sequencer {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    /// Whose turn it is.
    next: u64,
    is_aborted: bool,
    highest_node: Option<i64>,
    highest_way: Option<i64>,
    ways_may_repeat: bool,
}

/// What the order of a block's entities of one kind is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IdOrder {
    pub(super) count: u64,
    range: Option<(i64, i64)>,
    /// Whether each is higher than the one before.
    ascend: bool,
    all_visible: bool,
}

impl IdOrder {
    pub(super) fn of(entities: &Entities, kind: EntityKind) -> Self {
        let mut ids = Self { count: 0, range: None, ascend: true, all_visible: true };
        for record in entities.records().iter().filter(|record| record.kind == kind) {
            let (first, last) = ids.range.unwrap_or((record.id, record.id));
            ids.ascend &= ids.count == 0 || record.id > last;
            ids.all_visible &= record.visible;
            ids.range = Some((first, record.id));
            ids.count += 1;
        }
        ids
    }

    /// Whether all of them are new if the first is.
    pub(super) fn is_ascending_and_visible(&self) -> bool {
        self.ascend && self.all_visible
    }

    /// Whether they ascend beyond the `highest` so far, which they raise.
    fn ascend_beyond(&self, highest: &mut Option<i64>) -> bool {
        let Some((first, last)) = self.range else { return true };
        let goes_on = self.ascend && highest.is_none_or(|highest| first > highest);
        if goes_on {
            *highest = Some(last);
        }
        goes_on
    }
}

impl Sequencer {
    /// Waits for the turn of block `number`, says whether its nodes are new, and calls `inside` with that before the
    /// next block has its turn.
    pub(super) fn run_in_order(
        &self,
        number: u64,
        nodes: IdOrder,
        ways: IdOrder,
        inside: impl FnOnce(bool),
    ) -> Result<bool, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.next != number && !state.is_aborted {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_aborted {
            return Err(Error::Interrupted);
        }
        // Those that are late do not raise the mark: with one high id among them everything after would be late.
        let are_new = nodes.is_ascending_and_visible() && nodes.ascend_beyond(&mut state.highest_node);
        if !ways.ascend_beyond(&mut state.highest_way) {
            state.ways_may_repeat = true;
        }
        inside(are_new);
        state.next += 1;
        drop(state);
        self.moved.notify_all();
        Ok(are_new)
    }

    /// Lets nobody pass any more.
    pub(super) fn abort(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_aborted = true;
        self.moved.notify_all();
    }

    /// Whether a way may have come more than once.
    pub(super) fn ways_may_repeat(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).ways_may_repeat
    }
}
