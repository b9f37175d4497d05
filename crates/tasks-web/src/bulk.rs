//! Cancels or prunes all tasks that a filter selects.

use axum::http::request::Parts;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use longhaul_tasks::{Filter, Report, ReportValue, Status, StoreError, TaskId, Tasks};

use crate::{Permit, access::Access, list_query::MAX_PAGE, task_action::Touched, visible::VisibleTasks};

/// Commands that wait for the store at the same time, so that it can commit them together.
const CONCURRENT: usize = 256;

/// What is done with each of the tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BulkAction {
    Cancel,
    Prune,
}

/// The result of a bulk action.
pub(crate) struct BulkResult {
    ids: Vec<TaskId>,
    is_dry_run: bool,
    has_more: bool,
}

impl BulkAction {
    /// Cancels the unfinished, or prunes the ended, tasks that the filter selects and the caller may touch. With `is_dry_run` it
    /// only finds them.
    pub(crate) async fn run(
        self,
        visible: VisibleTasks<'_>,
        filter: Filter,
        is_dry_run: bool,
    ) -> Result<BulkResult, StoreError> {
        let Some(filter) = self.narrowed(filter) else {
            return Ok(BulkResult { ids: Vec::new(), is_dry_run, has_more: false });
        };
        let (tasks, access, request) = (visible.tasks, visible.access, visible.request);
        let (mut ids, has_more) = touchable(&visible, filter, access, request).await?;
        if !is_dry_run {
            let done = stream::iter(ids).map(|id| self.run_one(tasks, id)).buffered(CONCURRENT);
            ids = done.try_filter_map(async |id| Ok(id)).try_collect().await?;
            access.tell(request, self.touched(), &ids);
        }
        Ok(BulkResult { ids, is_dry_run, has_more })
    }

    fn touched(self) -> Touched {
        match self {
            Self::Cancel => Touched::Cancelled,
            Self::Prune => Touched::Pruned,
        }
    }

    /// The task's id; `None` if it does not exist any more.
    async fn run_one(self, tasks: &Tasks, id: TaskId) -> Result<Option<TaskId>, StoreError> {
        let task = match self {
            Self::Cancel => tasks.cancel(id).await?,
            Self::Prune => tasks.prune(id).await?,
        };
        Ok(task.map(|task| task.id))
    }

    /// The filter without the statuses in which the action changes nothing; `None` if none is left.
    fn narrowed(self, mut filter: Filter) -> Option<Filter> {
        let is_fitting = |status: &Status| status.has_ended() == (self == Self::Prune);
        if filter.status.is_empty() {
            filter.status =
                vec![Status::Waiting, Status::Running, Status::Finished, Status::Failed, Status::Cancelled];
        }
        filter.status.retain(is_fitting);
        (!filter.status.is_empty()).then_some(filter)
    }
}

/// The first of the tasks that the caller may touch, and whether there are more.
async fn touchable(
    visible: &VisibleTasks<'_>,
    filter: Filter,
    access: &Access,
    request: &Parts,
) -> Result<(Vec<TaskId>, bool), StoreError> {
    let most = filter.limit.unwrap_or(MAX_PAGE);
    let mut ids = Vec::new();
    let mut page = Filter { limit: Some(MAX_PAGE), ..filter };
    loop {
        let tasks = visible.first(&page, MAX_PAGE).await?;
        page.after = tasks.last().map(|task| task.id);
        let is_last = tasks.len() < MAX_PAGE;
        let touchable = tasks.iter().filter(|task| access.permit(request, task) == Permit::Touch);
        ids.extend(touchable.map(|task| task.id));
        if ids.len() > most {
            ids.truncate(most);
            return Ok((ids, true));
        }
        if is_last {
            return Ok((ids, false));
        }
    }
}

impl BulkResult {
    /// The members of the response.
    pub(crate) fn report(&self) -> Report {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Report::new()
            .boolean("dryRun", self.is_dry_run)
            .integer("count", number(self.ids.len() as u64))
            .boolean("more", self.has_more)
            .list("id", self.ids.iter().map(|id| ReportValue::Integer(number(id.0))))
    }
}
