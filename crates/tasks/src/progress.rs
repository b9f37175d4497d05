//! How far a running task is, written by the job's threads and read by pollers without a lock between them.

use std::{
    borrow::Cow,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use arc_swap::ArcSwapOption;

use crate::{Progress, sanitize};

/// Stands for "not known", because no step is as long as that.
const NO_TOTAL: u64 = u64::MAX;

/// The step a task is in.
#[derive(Default)]
pub(crate) struct Steps(ArcSwapOption<StepState>);

struct StepState {
    text: Arc<str>,
    unit: OnceLock<Cow<'static, str>>,
    done: AtomicU64,
    total: AtomicU64,
}

impl Steps {
    pub(crate) fn begin(&self, step: &str) -> Step {
        let state = Arc::new(StepState {
            text: sanitize::shared(step),
            unit: OnceLock::new(),
            done: AtomicU64::new(0),
            total: AtomicU64::new(NO_TOTAL),
        });
        self.0.store(Some(state.clone()));
        Step(state)
    }

    pub(crate) fn add(&self, count: u64) {
        if let Some(step) = &*self.0.load() {
            step.add(count);
        }
    }

    pub(crate) fn reach(&self, done: u64) {
        if let Some(step) = &*self.0.load() {
            step.done.fetch_max(done, Relaxed);
        }
    }

    pub(crate) fn snapshot(&self) -> Option<Progress> {
        self.0.load().as_ref().map(|step| step.snapshot())
    }
}

impl StepState {
    fn add(&self, count: u64) {
        // Saturates without a loop; this far is not counted in small steps.
        if self.done.fetch_add(count, Relaxed).checked_add(count).is_none() {
            self.done.store(u64::MAX, Relaxed);
        }
    }

    fn snapshot(&self) -> Progress {
        let unit = self.unit.get().cloned().unwrap_or(Cow::Borrowed("items"));
        let done = self.done.load(Relaxed);
        let total = self.total.load(Relaxed);
        Progress {
            step: self.text.clone(),
            done: if unit == "percent" { done.min(100) } else { done },
            total: (total != NO_TOTAL).then_some(total),
            unit,
        }
    }
}

/// The step that a job has just begun; its total and unit can be set.
pub struct Step(Arc<StepState>);

impl Step {
    /// How far it will go, where that is known; can be called again later.
    pub fn total(self, total: Option<u64>) -> Self {
        self.0.total.store(total.unwrap_or(NO_TOTAL), Relaxed);
        self
    }

    /// What is counted: `features`, `bytes`, `percent`; without it `items`. The first one stays.
    pub fn unit(self, unit: impl Into<Cow<'static, str>>) -> Self {
        let _ = self.0.unit.set(unit.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_never_goes_back_within_a_step() {
        let steps = Steps::default();
        steps.add(1);
        assert_eq!(steps.snapshot(), None);
        steps.begin("Reading...");
        steps.add(5);
        steps.reach(3);
        assert_eq!(steps.snapshot().unwrap().done, 5);
        steps.reach(9);
        steps.add(u64::MAX);
        assert_eq!(steps.snapshot().unwrap().done, u64::MAX);
    }

    #[test]
    fn a_percentage_stays_within_a_hundred() {
        let steps = Steps::default();
        steps.begin("Exporting...").total(Some(100)).unit("percent");
        steps.add(250);
        let progress = steps.snapshot().unwrap();
        assert_eq!((progress.done, progress.total, &*progress.unit), (100, Some(100), "percent"));
    }

    #[test]
    fn a_new_step_begins_at_zero_without_characters_that_xml_forbids() {
        let steps = Steps::default();
        steps.begin("one...").total(Some(7)).unit("features");
        steps.add(7);
        steps.begin("two\u{0}...");
        let progress = steps.snapshot().unwrap();
        assert_eq!(
            (&*progress.step, progress.done, progress.total, &*progress.unit),
            ("two\u{FFFD}...", 0, None, "items")
        );
    }
}
