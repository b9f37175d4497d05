//! Counts what goes by: tasks by kind and status, and how long they wait and run.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use parking_lot::Mutex;

use super::Record;
use crate::{Counters, Histogram, Status, Totals};

/// The store's part of the [`Counters`], kept up to date change by change.
#[derive(Default)]
pub(super) struct Meter(Mutex<Readings>);

#[derive(Default)]
struct Readings {
    tasks: BTreeMap<Arc<str>, Totals>,
    waiting_time: Histogram,
    run_time: Histogram,
}

impl Meter {
    /// A task was this before, if it was there, and is that now, if it still is.
    pub(super) fn count(&self, before: Option<&Record>, after: Option<&Record>) {
        let mut readings = self.0.lock();
        if let Some(before) = before {
            *readings.total(before) -= 1;
        }
        let Some(after) = after else { return };
        *readings.total(after) += 1;
        let Some(before) = before else { return };
        match (before.task.status, after.task.status) {
            (Status::Waiting, Status::Running) => {
                let waited = between(Some(after.task.created), after.task.started);
                readings.waiting_time.add(waited);
            }
            (Status::Running, status) if status.has_ended() => {
                let ran = between(after.task.started, after.task.finished);
                readings.run_time.add(ran);
            }
            _ => {}
        }
    }

    pub(super) fn read(&self) -> Counters {
        let readings = self.0.lock();
        let mut tasks = Vec::new();
        for (kind, totals) in &readings.tasks {
            let mut totals = *totals;
            let present = Status::ALL.into_iter().map(|status| (kind.clone(), status, *totals.of(status)));
            tasks.extend(present.filter(|(_, _, count)| *count > 0));
        }
        Counters {
            tasks,
            waiting_time: readings.waiting_time.clone(),
            run_time: readings.run_time.clone(),
            ..Counters::default()
        }
    }
}

impl Readings {
    fn total(&mut self, record: &Record) -> &mut usize {
        if !self.tasks.contains_key(&record.task.kind) {
            self.tasks.insert(record.task.kind.clone(), Totals::default());
        }
        self.tasks.entry(record.task.kind.clone()).or_default().of(record.task.status)
    }
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Duration {
    let (Some(from), Some(to)) = (from, to) else { return Duration::ZERO };
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}
