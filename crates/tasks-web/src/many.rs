//! Cancels and prunes many tasks at once.

use axum::http::request::Parts;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use longhaul_tasks::{Filter, Node, Report, Status, StoreError, TaskId, Tasks};

use crate::{Permit, access::Access, list::Visible, query::LONGEST_PAGE, target::Deed};

/// Wishes that are on their way to the store at the same time, which makes them durable together.
const AT_ONCE: usize = 256;

/// What came of it.
pub(crate) struct Done {
    ids: Vec<TaskId>,
    is_dry_run: bool,
    has_more: bool,
}

impl Deed {
    /// Does it to the tasks that the filter lets through, that the caller may touch, and to which it can be done: unfinished
    /// ones are cancelled, ended ones pruned. With `is_dry_run` it only says to which.
    pub(crate) async fn to(
        self,
        visible: Visible<'_>,
        filter: Filter,
        is_dry_run: bool,
    ) -> Result<Done, StoreError> {
        let Some(filter) = self.narrowed(filter) else {
            return Ok(Done { ids: Vec::new(), is_dry_run, has_more: false });
        };
        let (tasks, access, request) = (visible.tasks, visible.access, visible.request);
        let (mut ids, has_more) = touchable(&visible, filter, access, request).await?;
        if !is_dry_run {
            let done = stream::iter(ids).map(|id| self.to_one(tasks, id)).buffered(AT_ONCE);
            ids = done.try_filter_map(async |id| Ok(id)).try_collect().await?;
        }
        Ok(Done { ids, is_dry_run, has_more })
    }

    /// The task's number, unless it has got away meanwhile.
    async fn to_one(self, tasks: &Tasks, id: TaskId) -> Result<Option<TaskId>, StoreError> {
        let task = match self {
            Self::Cancel => tasks.cancel(id).await?,
            Self::Prune => tasks.prune(id).await?,
        };
        Ok(task.map(|task| task.id))
    }

    /// The filter without the statuses to which nothing can be done; `None` if none is left.
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
    visible: &Visible<'_>,
    filter: Filter,
    access: &Access,
    request: &Parts,
) -> Result<(Vec<TaskId>, bool), StoreError> {
    let most = filter.limit.unwrap_or(LONGEST_PAGE);
    let mut ids = Vec::new();
    let mut page = Filter { limit: Some(LONGEST_PAGE), ..filter };
    loop {
        let tasks = visible.list(&page).await?;
        page.after = tasks.last().map(|task| task.id);
        let is_last = tasks.len() < LONGEST_PAGE;
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

impl Done {
    /// The members of the answer.
    pub(crate) fn report(&self) -> Report {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Report::new()
            .boolean("dryRun", self.is_dry_run)
            .integer("count", number(self.ids.len() as u64))
            .boolean("more", self.has_more)
            .list("id", self.ids.iter().map(|id| Node::Integer(number(id.0))))
    }
}
