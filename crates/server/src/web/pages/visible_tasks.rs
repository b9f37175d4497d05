//! The tasks that the reader of a page may see.

use longhaul_tasks::{Filter, Status, Task, TaskId, Tasks, Totals};
use longhaul_tasks_web::{ApiError, Permit};

use crate::{access::Caller, jobs::INTERNAL};

/// The tasks that a caller may see: the same as [`TasksWeb`](longhaul_tasks_web::TasksWeb) shows it.
pub(super) struct VisibleTasks<'a> {
    pub(super) tasks: &'a Tasks,
    pub(super) caller: &'a Caller,
}

impl VisibleTasks<'_> {
    /// What the caller may do with a task.
    pub(super) fn permit(&self, task: &Task) -> Permit {
        match INTERNAL.contains(&&*task.kind) {
            true => Permit::Nothing,
            false => self.caller.permit(task),
        }
    }

    /// # Errors
    /// 404 if there is none, or if it is hidden from the caller.
    pub(super) async fn get(&self, id: TaskId) -> Result<Task, ApiError> {
        let task = self.tasks.get(id).await?.filter(|task| self.permit(task) != Permit::Nothing);
        task.ok_or_else(|| ApiError::not_found(format!("There is no task {id}, or it is not kept any more.")))
    }

    /// A filter that lets through only what the caller may see, but for internal tasks.
    pub(super) fn narrowed(&self, filter: &Filter) -> Filter {
        Filter { within: self.caller.scope().map(<[String]>::to_vec), ..filter.clone() }
    }

    /// How many tasks the filter selects, by status.
    pub(super) async fn totals(&self, filter: &Filter) -> Result<Totals, ApiError> {
        let filter = self.narrowed(filter);
        let mut totals = self.tasks.totals(&filter).await?;
        for kind in INTERNAL {
            if filter.kind.as_deref().is_none_or(|asked| asked == kind) {
                let internal = Filter { kind: Some(kind.to_owned()), ..filter.clone() };
                let mut internal = self.tasks.totals(&internal).await?;
                for status in Status::ALL {
                    let internal = *internal.of(status);
                    let total = totals.of(status);
                    *total = total.saturating_sub(internal);
                }
            }
        }
        Ok(totals)
    }
}
