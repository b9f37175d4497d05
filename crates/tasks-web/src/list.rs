//! Which tasks a caller gets to see of those that they ask for.

use axum::http::request::Parts;
use longhaul_tasks::{Filter, StoreError, Task, Tasks, Totals};

use crate::{Permit, access::Access};

/// Tasks that are looked through at a time.
const AT_ONCE: usize = 1024;

/// The tasks that a caller may see.
pub(crate) struct Visible<'a> {
    pub(crate) tasks: &'a Tasks,
    pub(crate) access: &'a Access,
    pub(crate) request: &'a Parts,
}

impl Visible<'_> {
    /// Those of them that the filter lets through; its limit counts these.
    pub(crate) async fn list(&self, filter: &Filter) -> Result<Vec<Task>, StoreError> {
        let mut filter = self.access.narrowed(self.request, filter);
        let Some(limit) = filter.limit else {
            let mut tasks = self.tasks.list(&filter).await?;
            tasks.retain(|task| self.may_see(task));
            return Ok(tasks);
        };
        let mut found = Vec::new();
        loop {
            // Who sees nearly all gets the page at one go; who sees little of much, in large steps.
            filter.limit =
                Some(if found.is_empty() && filter.after.is_none() { limit } else { AT_ONCE.max(limit) });
            let tasks = self.tasks.list(&filter).await?;
            let is_last = tasks.len() < filter.limit.unwrap_or(usize::MAX);
            filter.after = tasks.last().map(|task| task.id).or(filter.after);
            found.extend(tasks.into_iter().filter(|task| self.may_see(task)).take(limit - found.len()));
            if is_last || found.len() == limit {
                return Ok(found);
            }
        }
    }

    /// How many of them the filter lets through, on all pages; `None` where only the rule itself could tell.
    pub(crate) async fn totals(&self, filter: &Filter) -> Result<Option<Totals>, StoreError> {
        if !self.access.narrows_exactly() {
            return Ok(None);
        }
        let filter = self.access.narrowed(self.request, filter);
        let mut totals = self.tasks.totals(&filter).await?;
        for kind in self.access.hidden() {
            if filter.kind.as_deref().is_none_or(|asked| asked == *kind) {
                let hidden = Filter { kind: Some((*kind).to_owned()), ..filter.clone() };
                totals = without(totals, self.tasks.totals(&hidden).await?);
            }
        }
        Ok(Some(totals))
    }

    fn may_see(&self, task: &Task) -> bool {
        self.access.permit(self.request, task) >= Permit::See
    }
}

/// Between the two counts a task may have come or gone.
fn without(all: Totals, hidden: Totals) -> Totals {
    Totals {
        waiting: all.waiting.saturating_sub(hidden.waiting),
        running: all.running.saturating_sub(hidden.running),
        finished: all.finished.saturating_sub(hidden.finished),
        failed: all.failed.saturating_sub(hidden.failed),
        cancelled: all.cancelled.saturating_sub(hidden.cancelled),
    }
}
