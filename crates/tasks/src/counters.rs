//! What an operator wants to see of an engine as numbers.

use std::{sync::Arc, time::Duration};

use crate::Status;

/// The numbers of one moment. Those that only grow begin at nothing with the program.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// How many tasks there are now, by kind and status; none is zero.
    pub tasks: Vec<(Arc<str>, Status, usize)>,
    /// How long tasks have waited until a worker took them.
    pub waiting_time: Histogram,
    /// How long they have run until they ended, however they did.
    pub run_time: Histogram,
    /// What became of tasks that were found cut short.
    pub recoveries: Recoveries,
    /// How many jobs may run at once.
    pub workers: usize,
}

impl Counters {
    /// How many tasks wait.
    pub fn queue_depth(&self) -> usize {
        let waiting = self.tasks.iter().filter(|(_, status, _)| *status == Status::Waiting);
        waiting.map(|(_, _, count)| count).sum()
    }
}

/// How often something has taken how long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// How many were at most as long as the bound of the same index in [`Histogram::BOUNDS`], and longer than the one before;
    /// the last are longer than all bounds.
    pub counts: [u64; Histogram::BOUNDS.len() + 1],
    /// How long all of them took together.
    pub sum: Duration,
}

impl Histogram {
    /// The upper bounds of the counts.
    pub const BOUNDS: [Duration; 14] = [
        Duration::from_micros(500),
        Duration::from_millis(1),
        Duration::from_millis(5),
        Duration::from_millis(25),
        Duration::from_millis(100),
        Duration::from_millis(500),
        Duration::from_secs(1),
        Duration::from_secs(5),
        Duration::from_secs(15),
        Duration::from_secs(60),
        Duration::from_secs(300),
        Duration::from_secs(1800),
        Duration::from_secs(7200),
        Duration::from_secs(43_200),
    ];

    /// How many in all.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(crate) fn add(&mut self, took: Duration) {
        self.counts[Self::BOUNDS.partition_point(|bound| *bound < took)] += 1;
        self.sum = self.sum.saturating_add(took);
    }
}

/// What became of tasks whose worker was gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recoveries {
    /// They wait again, or their publication is being completed.
    pub resumed: u64,
    /// Their effect was published; they are FINISHED.
    pub finished: u64,
    /// A cancel had been asked for; they are CANCELLED.
    pub cancelled: u64,
    /// They were interrupted too often, or cannot be published; they are FAILED.
    pub given_up: u64,
}

impl Recoveries {
    pub(crate) fn count(&mut self, became: Status) {
        *match became {
            Status::Waiting | Status::Running => &mut self.resumed,
            Status::Finished => &mut self.finished,
            Status::Cancelled => &mut self.cancelled,
            Status::Failed => &mut self.given_up,
        } += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_counted_below_the_first_bound_that_it_does_not_exceed() {
        let mut histogram = Histogram::default();
        for took in [Duration::ZERO, Histogram::BOUNDS[0], Duration::from_millis(2), Duration::MAX] {
            histogram.add(took);
        }
        assert_eq!((histogram.counts[0], histogram.counts[2], histogram.counts[14]), (2, 1, 1));
        assert_eq!((histogram.count(), histogram.sum), (4, Duration::MAX));
    }
}
