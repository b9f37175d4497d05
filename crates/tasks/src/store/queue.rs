//! Which waiting task may run next, and who occupies which lane.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use tokio::sync::oneshot;

use crate::{Lane, TaskId};

/// The waiting tasks, and the lanes of waiting and running ones.
///
/// A task is ready when each of its lanes is free and no older task waits for one of them. So the oldest waiting task waits for
/// running ones only, and tasks that wait never wait for each other in a circle. Of the ready tasks the one of the lowest rank
/// goes first.
#[derive(Default)]
pub(super) struct Queue {
    /// The ready tasks of each kind, by rank.
    ready: HashMap<Arc<str>, BTreeSet<(i64, TaskId)>>,
    lanes: HashMap<Lane, LaneState>,
    entries: HashMap<TaskId, Entry>,
}

struct Entry {
    kind: Arc<str>,
    lanes: Arc<[Lane]>,
    rank: i64,
    /// It must not be claimed now.
    is_held: bool,
    /// Lanes that the task has entered, or is entering, while it runs: one entry for each time.
    entered: Vec<Lane>,
}

#[derive(Default)]
struct LaneState {
    occupant: Option<TaskId>,
    /// Running tasks that enter the lane; they go before waiting ones.
    entering: VecDeque<(TaskId, oneshot::Sender<()>)>,
    waiting: BTreeSet<TaskId>,
}

impl Queue {
    /// Lets a task wait. Whether it is ready at once.
    pub(super) fn push(&mut self, id: TaskId, kind: &Arc<str>, lanes: &Arc<[Lane]>, rank: i64) -> bool {
        for lane in lanes.iter() {
            // A task that waits again goes before a younger one that was ready.
            let first = self.lanes.get(lane).and_then(|state| state.waiting.first().copied());
            if let Some(first) = first.filter(|first| *first > id) {
                self.set_not_ready(first);
            }
            self.lanes.entry(lane.clone()).or_default().waiting.insert(id);
        }
        let entry =
            Entry { kind: kind.clone(), lanes: lanes.clone(), rank, is_held: false, entered: Vec::new() };
        self.entries.insert(id, entry);
        self.check(id)
    }

    /// The ready task of the lowest rank that has one of these kinds (an empty list: any kind) and is not `excluded`.
    pub(super) fn next(&self, kinds: &[&str], excluded: impl Fn(TaskId) -> bool) -> Option<TaskId> {
        let of_kind = |ready: &BTreeSet<(i64, TaskId)>| ready.iter().find(|(_, id)| !excluded(*id)).copied();
        let next = match kinds {
            [] => self.ready.values().filter_map(of_kind).min(),
            kinds => kinds.iter().filter_map(|kind| self.ready.get(*kind)).filter_map(of_kind).min(),
        };
        next.map(|(_, id)| id)
    }

    /// Gives the task its lanes, whether it is ready or not.
    pub(super) fn take(&mut self, id: TaskId) {
        self.set_not_ready(id);
        let Some(entry) = self.entries.get(&id) else { return };
        for lane in entry.lanes.iter() {
            if let Some(state) = self.lanes.get_mut(lane) {
                state.waiting.remove(&id);
                state.occupant = Some(id);
            }
        }
    }

    /// Keeps a task from being claimed until it is removed.
    pub(super) fn hold(&mut self, id: TaskId) {
        self.set_not_ready(id);
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.is_held = true;
        }
    }

    fn set_not_ready(&mut self, id: TaskId) {
        let Some(entry) = self.entries.get(&id) else { return };
        if let Some(ready) = self.ready.get_mut(&entry.kind) {
            ready.remove(&(entry.rank, id));
            if ready.is_empty() {
                self.ready.remove(&entry.kind);
            }
        }
    }

    /// Removes a task, whether it waits or occupies its lanes. How many tasks have become ready.
    pub(super) fn remove(&mut self, id: TaskId) -> usize {
        self.set_not_ready(id);
        let Some(entry) = self.entries.remove(&id) else { return 0 };
        let lanes = entry.lanes.iter().chain(&entry.entered);
        lanes.filter(|lane| self.vacate(lane, id)).count()
    }

    /// Occupies a lane for a running task, at once or when it is its turn; the receiver tells when. `None`: there is no such
    /// task.
    pub(super) fn enter(&mut self, id: TaskId, lane: Lane) -> Option<oneshot::Receiver<()>> {
        let entry = self.entries.get_mut(&id)?;
        let (granted, is_granted) = oneshot::channel();
        entry.entered.push(lane.clone());
        let state = self.lanes.entry(lane.clone()).or_default();
        if state.occupant == Some(id) {
            let _ = granted.send(());
            return Some(is_granted);
        }
        state.entering.push_back((id, granted));
        if let Some(first) = state.waiting.first().copied() {
            self.set_not_ready(first);
        }
        self.advance(&lane);
        Some(is_granted)
    }

    /// Takes one entering of a lane back, and frees the lane with the last one. How many tasks have become ready.
    pub(super) fn leave(&mut self, id: TaskId, lane: &Lane) -> usize {
        let Some(entry) = self.entries.get_mut(&id) else { return 0 };
        let Some(at) = entry.entered.iter().position(|entered| entered == lane) else { return 0 };
        entry.entered.swap_remove(at);
        let still_needs = entry.entered.contains(lane) || entry.lanes.contains(lane);
        usize::from(!still_needs && self.vacate(lane, id))
    }

    /// Cancels the task's requests to enter lanes; lanes that it has already entered stay occupied.
    pub(super) fn stop_entering(&mut self, id: TaskId) {
        let Some(entry) = self.entries.get(&id) else { return };
        for lane in &entry.entered {
            if let Some(state) = self.lanes.get_mut(lane) {
                state.entering.retain(|(entering, _)| *entering != id);
            }
        }
    }

    /// Takes a task out of a lane. Whether this made a waiting one ready.
    fn vacate(&mut self, lane: &Lane, id: TaskId) -> bool {
        let Some(state) = self.lanes.get_mut(lane) else { return false };
        state.waiting.remove(&id);
        state.entering.retain(|(entering, _)| *entering != id);
        state.occupant.take_if(|occupant| *occupant == id);
        self.advance(lane)
    }

    /// Gives a free lane to the next that enters it. Whether there was none, and a waiting task has become ready.
    fn advance(&mut self, lane: &Lane) -> bool {
        let Some(state) = self.lanes.get_mut(lane) else { return false };
        while let Some((id, _)) = state.entering.front()
            && state.occupant.is_none_or(|occupant| occupant == *id)
            && let Some((id, granted)) = state.entering.pop_front()
        {
            // An attempt that was cancelled does not wait for the lane any more.
            if granted.send(()).is_ok() {
                state.occupant = Some(id);
            }
        }
        match state.waiting.first().copied() {
            _ if state.occupant.is_some() => false,
            Some(next) => self.check(next),
            None => {
                self.lanes.remove(lane);
                false
            }
        }
    }

    /// Whether the task has just become ready.
    fn check(&mut self, id: TaskId) -> bool {
        let is_free = |lane| {
            self.lanes
                .get(lane)
                .is_some_and(|state| state.occupant.is_none() && state.waiting.first() == Some(&id))
        };
        let Some(entry) = self.entries.get(&id) else { return false };
        !entry.is_held
            && entry.lanes.iter().all(is_free)
            && self.ready.entry(entry.kind.clone()).or_default().insert((entry.rank, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes(names: &str) -> Arc<[Lane]> {
        names.chars().map(|name| Lane::new(name.to_string())).collect()
    }

    fn push(queue: &mut Queue, id: u64, names: &str, rank: i64) {
        queue.push(TaskId(id), &"test".into(), &lanes(names), rank);
    }

    fn queue(tasks: &[(u64, &str)]) -> Queue {
        let mut queue = Queue::default();
        tasks.iter().for_each(|(id, names)| push(&mut queue, *id, names, 0));
        queue
    }

    fn take_next(queue: &mut Queue) -> Option<u64> {
        let id = queue.next(&[], |_| false)?;
        queue.take(id);
        Some(id.0)
    }

    fn take_all(queue: &mut Queue) -> Vec<u64> {
        std::iter::from_fn(|| take_next(queue)).collect()
    }

    #[test]
    fn tasks_without_lanes_are_taken_oldest_first() {
        assert_eq!(take_all(&mut queue(&[(2, ""), (1, ""), (3, "")])), [1, 2, 3]);
    }

    #[test]
    fn an_occupied_lane_delays_only_its_own_tasks() {
        let mut queue = queue(&[(1, "a"), (2, "a"), (3, "b"), (4, "")]);
        assert_eq!(take_all(&mut queue), [1, 3, 4]);
        assert_eq!(queue.remove(TaskId(1)), 1);
        assert_eq!(take_all(&mut queue), [2]);
    }

    #[test]
    fn a_task_of_two_lanes_is_not_overtaken_in_either() {
        let mut queue = queue(&[(1, "a"), (2, "ab"), (3, "b"), (4, "c")]);
        assert_eq!(take_all(&mut queue), [1, 4]);
        queue.remove(TaskId(1));
        assert_eq!(take_all(&mut queue), [2]);
        assert_eq!(queue.remove(TaskId(2)), 1);
        assert_eq!(take_all(&mut queue), [3]);
    }

    #[test]
    fn a_waiting_task_that_is_removed_lets_those_behind_it_pass() {
        let mut queue = queue(&[(1, "a"), (2, "ab"), (3, "b")]);
        assert_eq!(take_all(&mut queue), [1]);
        assert_eq!(queue.remove(TaskId(2)), 1);
        assert_eq!(take_all(&mut queue), [3]);
    }

    #[test]
    fn a_task_that_waits_again_goes_before_younger_ones() {
        let mut queue = queue(&[(1, "a"), (2, "a")]);
        assert_eq!(take_next(&mut queue), Some(1));
        queue.remove(TaskId(1));
        push(&mut queue, 1, "a", 0);
        assert_eq!(take_all(&mut queue), [1]);
    }

    #[test]
    fn a_held_task_does_not_let_others_pass_and_keeps_its_place() {
        let mut queue = queue(&[(1, "a"), (2, "a"), (3, "")]);
        queue.hold(TaskId(1));
        assert_eq!(take_all(&mut queue), [3]);
        queue.remove(TaskId(1));
        push(&mut queue, 1, "a", 0);
        assert_eq!(take_all(&mut queue), [1]);
    }

    #[test]
    fn a_rank_orders_lanes_and_not_the_tasks_within_one() {
        let mut queue = Queue::default();
        for (id, names, rank) in [(1, "a", 5), (2, "a", 1), (3, "b", 3), (4, "", 4)] {
            push(&mut queue, id, names, rank);
        }
        assert_eq!(take_all(&mut queue), [3, 4, 1]);
        queue.remove(TaskId(1));
        assert_eq!(take_all(&mut queue), [2]);
    }

    #[test]
    fn a_kind_that_is_not_asked_for_is_left() {
        let mut queue = Queue::default();
        queue.push(TaskId(1), &"import".into(), &lanes(""), 0);
        queue.push(TaskId(2), &"export".into(), &lanes(""), 0);
        assert_eq!(queue.next(&["export", "other"], |_| false), Some(TaskId(2)));
        assert_eq!(queue.next(&["other"], |_| false), None);
        assert_eq!(queue.next(&[], |id| id == TaskId(1)), Some(TaskId(2)));
    }

    #[test]
    fn a_running_task_that_enters_a_lane_goes_before_those_that_wait() {
        let mut queue = queue(&[(1, "a"), (2, "b"), (3, "a")]);
        assert_eq!(take_all(&mut queue), [1, 2]);
        let mut entered = queue.enter(TaskId(2), Lane::new("a")).unwrap();
        assert!(entered.try_recv().is_err(), "the lane is occupied");
        assert_eq!(queue.remove(TaskId(1)), 0);
        entered.try_recv().unwrap();
        assert_eq!(take_all(&mut queue), [0; 0]);
        assert_eq!(queue.leave(TaskId(2), &Lane::new("a")), 1);
        assert_eq!(take_all(&mut queue), [3]);
    }

    #[test]
    fn a_task_that_does_not_wait_for_a_lane_any_more_does_not_get_it() {
        let mut queue = queue(&[(1, "a"), (2, ""), (3, "")]);
        assert_eq!(take_all(&mut queue), [1, 2, 3]);
        drop(queue.enter(TaskId(2), Lane::new("a")));
        let mut entered = queue.enter(TaskId(3), Lane::new("a")).unwrap();
        queue.remove(TaskId(1));
        entered.try_recv().unwrap();
        assert!(queue.enter(TaskId(9), Lane::new("a")).is_none());
    }

    #[test]
    fn a_lane_that_was_entered_twice_is_free_when_it_was_left_twice() {
        let mut queue = queue(&[(1, ""), (2, "a")]);
        let lane = Lane::new("a");
        queue.take(TaskId(1));
        queue.enter(TaskId(1), lane.clone()).unwrap().try_recv().unwrap();
        queue.enter(TaskId(1), lane.clone()).unwrap().try_recv().unwrap();
        assert_eq!(queue.leave(TaskId(1), &lane), 0);
        assert_eq!(take_next(&mut queue), None);
        assert_eq!(queue.leave(TaskId(1), &lane), 1);
        assert_eq!(take_next(&mut queue), Some(2));
    }

    #[test]
    fn a_lane_named_twice_is_one_lane_and_is_dropped_when_nothing_needs_it() {
        let mut queue = queue(&[(1, "aa")]);
        assert_eq!(take_all(&mut queue), [1]);
        drop(queue.enter(TaskId(1), Lane::new("b")));
        queue.remove(TaskId(1));
        assert!(queue.lanes.is_empty() && queue.entries.is_empty() && queue.ready.is_empty());
    }
}
