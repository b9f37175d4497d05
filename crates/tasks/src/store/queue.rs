//! Which waiting task may run next.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use crate::{Lane, TaskId, ids::ById};

/// The waiting tasks and the lanes that hold them up.
///
/// A task is ready when each of its lanes is free and no older task waits for one of them. So the oldest waiting task is held
/// up only by running ones, and nobody waits in a circle. Of those that are ready the one of the lowest rank goes first.
#[derive(Default)]
pub(super) struct Queue {
    ready: BTreeSet<(i64, TaskId)>,
    lanes: HashMap<Lane, State>,
    wants: ById<Want>,
}

struct Want {
    lanes: Arc<[Lane]>,
    rank: i64,
}

#[derive(Default)]
struct State {
    holder: Option<TaskId>,
    waiting: BTreeSet<TaskId>,
}

impl Queue {
    /// Lets a task wait. Whether a task has become ready.
    pub(super) fn push(&mut self, id: TaskId, lanes: Arc<[Lane]>, rank: i64) -> bool {
        for lane in lanes.iter() {
            let state = self.lanes.entry(lane.clone()).or_default();
            // A task that comes back goes before a younger one that was ready.
            if let Some(first) = state.waiting.first().filter(|first| **first > id)
                && let Some(want) = self.wants.get(first)
            {
                self.ready.remove(&(want.rank, *first));
            }
            state.waiting.insert(id);
        }
        self.wants.insert(id, Want { lanes, rank });
        self.check(id)
    }

    /// How many tasks are ready.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// The ready task of the lowest rank.
    pub(super) fn next(&self) -> Option<TaskId> {
        self.ready.first().map(|(_, id)| *id)
    }

    /// Takes the ready task of the lowest rank, and its lanes.
    pub(super) fn pop(&mut self) -> Option<TaskId> {
        let id = self.next()?;
        self.take(id);
        Some(id)
    }

    /// Takes this task, and its lanes, whether it is ready or not.
    pub(super) fn take(&mut self, id: TaskId) {
        self.hold(id);
        let Some(want) = self.wants.get(&id) else { return };
        for lane in want.lanes.iter() {
            if let Some(state) = self.lanes.get_mut(lane) {
                state.waiting.remove(&id);
                state.holder = Some(id);
            }
        }
    }

    /// Lets a task wait on although it is ready, until it is pushed again or removed.
    pub(super) fn hold(&mut self, id: TaskId) {
        if let Some(want) = self.wants.get(&id) {
            self.ready.remove(&(want.rank, id));
        }
    }

    /// Forgets a task, whether it waits or holds its lanes. How many tasks have become ready.
    pub(super) fn remove(&mut self, id: TaskId) -> usize {
        self.hold(id);
        let Some(want) = self.wants.remove(&id) else { return 0 };
        want.lanes.iter().filter(|lane| self.leave(lane, id)).count()
    }

    /// Takes a task out of a lane. Whether this made the next one there ready.
    fn leave(&mut self, lane: &Lane, id: TaskId) -> bool {
        let Some(state) = self.lanes.get_mut(lane) else { return false };
        state.waiting.remove(&id);
        state.holder.take_if(|holder| *holder == id);
        match state.waiting.first().copied() {
            Some(next) => self.check(next),
            None => {
                if state.holder.is_none() {
                    self.lanes.remove(lane);
                }
                false
            }
        }
    }

    /// Whether the task has just become ready.
    fn check(&mut self, id: TaskId) -> bool {
        let free = |lane| {
            self.lanes
                .get(lane)
                .is_some_and(|state| state.holder.is_none() && state.waiting.first() == Some(&id))
        };
        let Some(want) = self.wants.get(&id) else { return false };
        want.lanes.iter().all(free) && self.ready.insert((want.rank, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes(names: &str) -> Arc<[Lane]> {
        names.chars().map(|name| Lane::new(name.to_string())).collect()
    }

    fn queue(tasks: &[(u64, &str)]) -> Queue {
        let mut queue = Queue::default();
        for (id, names) in tasks {
            queue.push(TaskId(*id), lanes(names), 0);
        }
        queue
    }

    fn pop_all(queue: &mut Queue) -> Vec<u64> {
        std::iter::from_fn(|| queue.pop()).map(|id| id.0).collect()
    }

    #[test]
    fn tasks_without_lanes_come_oldest_first() {
        assert_eq!(pop_all(&mut queue(&[(2, ""), (1, ""), (3, "")])), [1, 2, 3]);
    }

    #[test]
    fn a_busy_lane_holds_up_its_own_tasks_only() {
        let mut queue = queue(&[(1, "a"), (2, "a"), (3, "b"), (4, "")]);
        assert_eq!(pop_all(&mut queue), [1, 3, 4]);
        assert_eq!(queue.remove(TaskId(1)), 1);
        assert_eq!(pop_all(&mut queue), [2]);
    }

    #[test]
    fn a_task_of_two_lanes_is_not_overtaken_in_either() {
        let mut queue = queue(&[(1, "a"), (2, "ab"), (3, "b"), (4, "c")]);
        assert_eq!(pop_all(&mut queue), [1, 4]);
        queue.remove(TaskId(1));
        assert_eq!(pop_all(&mut queue), [2]);
        assert_eq!(queue.remove(TaskId(2)), 1);
        assert_eq!(pop_all(&mut queue), [3]);
    }

    #[test]
    fn a_waiting_task_that_goes_lets_those_behind_it_pass() {
        let mut queue = queue(&[(1, "a"), (2, "ab"), (3, "b")]);
        assert_eq!(pop_all(&mut queue), [1]);
        assert_eq!(queue.remove(TaskId(2)), 1);
        assert_eq!(pop_all(&mut queue), [3]);
    }

    #[test]
    fn a_task_that_comes_back_goes_before_the_younger_ones() {
        let mut queue = queue(&[(1, "a"), (2, "a")]);
        assert_eq!(queue.pop(), Some(TaskId(1)));
        queue.remove(TaskId(1));
        queue.push(TaskId(1), lanes("a"), 0);
        assert_eq!(pop_all(&mut queue), [1]);
    }

    #[test]
    fn a_task_that_is_held_does_not_let_others_pass_and_comes_back_where_it_was() {
        let mut queue = queue(&[(1, "a"), (2, "a"), (3, "")]);
        queue.hold(TaskId(1));
        assert_eq!(pop_all(&mut queue), [3]);
        queue.remove(TaskId(1));
        queue.push(TaskId(1), lanes("a"), 0);
        assert_eq!(pop_all(&mut queue), [1]);
    }

    #[test]
    fn a_rank_orders_lanes_and_not_the_tasks_within_one() {
        let mut queue = Queue::default();
        for (id, names, rank) in [(1, "a", 5), (2, "a", 1), (3, "b", 3), (4, "", 4)] {
            queue.push(TaskId(id), lanes(names), rank);
        }
        assert_eq!(pop_all(&mut queue), [3, 4, 1]);
        queue.remove(TaskId(1));
        assert_eq!(pop_all(&mut queue), [2]);
    }

    #[test]
    fn a_lane_named_twice_is_one_lane_and_is_forgotten_when_nobody_wants_it() {
        let mut queue = queue(&[(1, "aa")]);
        assert_eq!(pop_all(&mut queue), [1]);
        queue.remove(TaskId(1));
        assert!(queue.lanes.is_empty() && queue.wants.is_empty() && queue.ready.is_empty());
    }
}
