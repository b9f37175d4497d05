//! Counts what goes by: tasks by kind and status, and how long they wait and run.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use parking_lot::Mutex;

use super::shelf::{Word, Words};
use crate::{Counters, Histogram, Status, Task, Totals};

/// The store's part of the [`Counters`], kept up to date change by change.
#[derive(Default)]
pub(super) struct Meter(Mutex<Readings>);

#[derive(Default)]
struct Readings {
    tasks: BTreeMap<Word, Totals>,
    waiting_time: Histogram,
    run_time: Histogram,
}

type Kind = (Word, Status);

impl Meter {
    /// A task was of this kind and status before, if it was there, and is of that now, if it still is.
    pub(super) fn count(&self, before: Option<Kind>, after: Option<Kind>, task: Option<&Task>) {
        let mut readings = self.0.lock();
        if let Some(before) = before {
            *readings.total(before) -= 1;
        }
        if let Some(after) = after {
            *readings.total(after) += 1;
        }
        let (Some((_, after)), Some(task)) = (after, task.filter(|task| task.started.is_some())) else {
            return;
        };
        // A short task may have ended before it is seen for the first time.
        if before.is_none_or(|(_, before)| before == Status::Waiting) {
            readings.waiting_time.add(between(Some(task.created), task.started));
        }
        if after.has_ended() {
            readings.run_time.add(between(task.started, task.finished));
        }
    }

    pub(super) fn read(&self, words: &Words) -> Counters {
        let readings = self.0.lock();
        let mut tasks = Vec::new();
        for (kind, totals) in &readings.tasks {
            let (kind, mut totals) = (words.word(*kind).unwrap_or_default(), *totals);
            let all = Status::ALL.map(|status| (kind.clone(), status, *totals.of(status)));
            tasks.extend(all.into_iter().filter(|(_, _, count)| *count > 0));
        }
        tasks.sort_unstable();
        Counters {
            tasks,
            waiting_time: readings.waiting_time.clone(),
            run_time: readings.run_time.clone(),
            ..Counters::default()
        }
    }
}

impl Readings {
    fn total(&mut self, (kind, status): Kind) -> &mut usize {
        self.tasks.entry(kind).or_default().of(status)
    }
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Duration {
    let (Some(from), Some(to)) = (from, to) else { return Duration::ZERO };
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}
