//! Counts tasks by kind and status, and how long they wait and run.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use parking_lot::Mutex;

use super::interner::{Interner, NameId};
use crate::{Counters, Histogram, Status, Task, Totals};

/// The store's part of the [`Counters`], updated with each change.
#[derive(Default)]
pub(super) struct Statistics(Mutex<State>);

#[derive(Default)]
struct State {
    tasks: BTreeMap<NameId, Totals>,
    waiting_time: Histogram,
    run_time: Histogram,
}

type KindAndStatus = (NameId, Status);

impl Statistics {
    /// A task had this kind and status before, if it was there, and has that one now, if it still is.
    pub(super) fn count(
        &self,
        before: Option<KindAndStatus>,
        after: Option<KindAndStatus>,
        task: Option<&Task>,
    ) {
        let mut state = self.0.lock();
        if let Some(before) = before {
            state.remove(before);
        }
        if let Some(after) = after {
            *state.total(after) += 1;
        }
        let (Some((_, after)), Some(task)) = (after, task.filter(|task| task.started.is_some())) else {
            return;
        };
        // A short task may have ended before it becomes visible.
        if before.is_none_or(|(_, before)| before == Status::Waiting) {
            state.waiting_time.add(between(Some(task.created), task.started));
        }
        if after.has_ended() {
            state.run_time.add(between(task.started, task.finished));
        }
    }

    pub(super) fn read(&self, names: &Interner) -> Counters {
        let state = self.0.lock();
        let mut tasks = Vec::new();
        for (kind, totals) in &state.tasks {
            let (kind, mut totals) = (names.name(*kind).unwrap_or_default(), *totals);
            let all = Status::ALL.map(|status| (kind.clone(), status, *totals.of(status)));
            tasks.extend(all.into_iter().filter(|(_, _, count)| *count > 0));
        }
        tasks.sort_unstable();
        Counters {
            tasks,
            waiting_time: state.waiting_time.clone(),
            run_time: state.run_time.clone(),
            ..Counters::default()
        }
    }
}

impl State {
    /// Drops the kind with its last task: its number may come to mean another name.
    fn remove(&mut self, (kind, status): KindAndStatus) {
        let Some(totals) = self.tasks.get_mut(&kind) else { return };
        *totals.of(status) -= 1;
        if totals.all() == 0 {
            self.tasks.remove(&kind);
        }
    }

    fn total(&mut self, (kind, status): KindAndStatus) -> &mut usize {
        self.tasks.entry(kind).or_default().of(status)
    }
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Duration {
    let (Some(from), Some(to)) = (from, to) else { return Duration::ZERO };
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}
