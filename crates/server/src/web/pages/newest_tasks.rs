//! The newest tasks first. Lists of the store begin with the oldest.

use longhaul_tasks::{Filter, Page, Task, TaskId};
use longhaul_tasks_web::{ApiError, Permit};

use super::visible_tasks::VisibleTasks;

/// Some tasks, the newest first.
pub(super) struct NewestTasks {
    pub(super) tasks: Vec<Task>,
    /// Whether there are older ones.
    pub(super) has_older: bool,
}

impl VisibleTasks<'_> {
    /// The newest tasks that the filter selects, whose ids are less than `below`.
    ///
    /// Looks at a stretch of ids that becomes twice as long until it has enough tasks.
    pub(super) async fn newest(
        &self,
        filter: &Filter,
        below: Option<TaskId>,
        count: usize,
    ) -> Result<NewestTasks, ApiError> {
        let filter = self.narrowed(filter);
        let end = match below {
            Some(below) => below.0,
            None => self.newest_id().await? + 1,
        };
        let mut stretch = 4 * count as u64;
        loop {
            let start = end.saturating_sub(stretch);
            let mut tasks = self.between(&filter, start, end).await?;
            if tasks.len() > count || start == 0 {
                tasks.reverse();
                let has_older = tasks.len() > count;
                tasks.truncate(count);
                return Ok(NewestTasks { tasks, has_older });
            }
            stretch = stretch.saturating_mul(4);
        }
    }

    /// The visible tasks from `start` on and before `end`; if there are many, the last page of them.
    async fn between(&self, filter: &Filter, start: u64, end: u64) -> Result<Vec<Task>, ApiError> {
        let after = start.checked_sub(1).map(TaskId);
        let mut filter = Filter { after, limit: None, ..filter.clone() };
        let mut last: Vec<Task> = Vec::new();
        loop {
            let page = self.tasks.page(&filter).await?;
            let is_end = page.tasks.last().is_some_and(|task| task.id.0 >= end);
            let wanted = |task: &Task| task.id.0 < end && self.permit(task) != Permit::Nothing;
            let surplus = last.len().saturating_sub(Page::MAX);
            last.drain(..surplus);
            last.extend(page.tasks.into_iter().filter(wanted));
            match page.next {
                Some(next) if !is_end => filter.after = Some(next),
                _ => return Ok(last),
            }
        }
    }

    /// The id of the newest task; 0 if there is none.
    async fn newest_id(&self) -> Result<u64, ApiError> {
        let mut low = 0;
        let mut high = 1;
        while self.has_after(high).await? {
            low = high;
            high *= 2;
        }
        // No task comes after `high`.
        while low < high {
            let middle = low + (high - low) / 2;
            if self.has_after(middle).await? {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    async fn has_after(&self, id: u64) -> Result<bool, ApiError> {
        let filter = Filter { after: Some(TaskId(id)), limit: Some(1), ..Filter::default() };
        Ok(!self.tasks.page(&filter).await?.tasks.is_empty())
    }
}
