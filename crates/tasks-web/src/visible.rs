//! The tasks that a caller may see.

use axum::http::request::Parts;
use longhaul_tasks::{Filter, Page, StoreError, Task, Tasks, Totals};

use crate::{Permit, access::Access};

/// How many tasks are read at a time to find those that the caller may see.
const READ_BATCH: usize = 1024;

/// The tasks that a caller may see.
pub(crate) struct VisibleTasks<'a> {
    pub(crate) tasks: &'a Tasks,
    pub(crate) access: &'a Access,
    pub(crate) request: &'a Parts,
}

impl VisibleTasks<'_> {
    /// A page of those that the filter selects; it may be empty though there are others behind it.
    pub(crate) async fn page(&self, filter: &Filter) -> Result<Page, StoreError> {
        let mut page = self.tasks.page(&self.access.narrowed(self.request, filter)).await?;
        page.tasks.retain(|task| self.may_see(task));
        Ok(page)
    }

    /// The first `limit` of those that the filter selects.
    pub(crate) async fn first(&self, filter: &Filter, limit: usize) -> Result<Vec<Task>, StoreError> {
        let mut filter = self.access.narrowed(self.request, filter);
        let mut found = Vec::new();
        let mut batch = limit;
        loop {
            filter.limit = Some(batch);
            let tasks = self.tasks.list(&filter).await?;
            let is_last = tasks.len() < batch;
            filter.after = tasks.last().map(|task| task.id).or(filter.after);
            found.extend(tasks.into_iter().filter(|task| self.may_see(task)).take(limit - found.len()));
            if is_last || found.len() == limit {
                return Ok(found);
            }
            // The caller may see few of the tasks, so more of them are read at a time.
            batch = READ_BATCH.max(limit);
        }
    }

    /// How many of them the filter selects, on all pages; `None` if that can only be found by asking the access rule about each.
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

/// The difference; a task may have been created or pruned between the two counts.
fn without(all: Totals, hidden: Totals) -> Totals {
    Totals {
        waiting: all.waiting.saturating_sub(hidden.waiting),
        running: all.running.saturating_sub(hidden.running),
        finished: all.finished.saturating_sub(hidden.finished),
        failed: all.failed.saturating_sub(hidden.failed),
        cancelled: all.cancelled.saturating_sub(hidden.cancelled),
    }
}
