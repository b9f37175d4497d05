use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use longhaul_tasks::{StoreError, Task, Tasks};

use crate::{
    access::Access,
    document_cache::DocumentCache,
    event_stream::EventBroadcaster,
    task_action::{TaskAction, Touched},
    task_path::{task_id, task_not_found},
    visible::VisibleTasks,
    {AllowedOrigins, ApiError, Permit, Renderer, RendererConfig, RequestCounts, UnknownFormat},
};

/// The state of the routes.
pub(crate) struct TasksState {
    pub(crate) tasks: Tasks,
    pub(crate) access: Arc<Access>,
    pub(crate) origins: AllowedOrigins,
    pub(crate) events: Arc<EventBroadcaster>,
    pub(crate) ended: DocumentCache,
    pub(crate) counts: RequestCounts,
    pub(crate) renderer: RendererConfig,
}

/// The renderer of one request. Its settings are a part of the state: as an extension they would need a layer around each route,
/// which costs more than the rest of a poll.
pub(crate) struct TasksRenderer(pub(crate) Renderer);

impl FromRequestParts<Arc<TasksState>> for TasksRenderer {
    type Rejection = UnknownFormat;

    async fn from_request_parts(request: &mut Parts, state: &Arc<TasksState>) -> Result<Self, UnknownFormat> {
        Renderer::of(request, &state.renderer).map(Self)
    }
}

impl TasksState {
    /// The tasks that the sender of the request may see.
    pub(crate) fn visible_to<'a>(&'a self, request: &'a Parts) -> VisibleTasks<'a> {
        VisibleTasks { tasks: &self.tasks, access: &self.access, request }
    }

    /// The task that the path names.
    ///
    /// # Errors
    /// 404 if there is none, or if the caller may not see it.
    pub(crate) async fn task(&self, request: &Parts) -> Result<Task, ApiError> {
        self.task_and_permit(request).await.map(|(task, _)| task)
    }

    async fn task_and_permit(&self, request: &Parts) -> Result<(Task, Permit), ApiError> {
        let not_found = || task_not_found(request);
        let task = self.tasks.get(task_id(request)?).await?.ok_or_else(not_found)?;
        match self.access.permit(request, &task) {
            Permit::Nothing => Err(not_found()),
            permit => Ok((task, permit)),
        }
    }

    /// Performs the action on the task that the path names; the task after it.
    ///
    /// # Errors
    /// 404 as [`task`](Self::task), and if the task was pruned meanwhile; 403 if the caller may see but not change it.
    pub(crate) async fn act(&self, action: TaskAction, request: &Parts) -> Result<Task, ApiError> {
        let (task, permit) = self.task_and_permit(request).await?;
        if permit != Permit::Touch {
            let message = format!("You may see task {}, but not cancel or prune it.", task.id);
            return Err(ApiError::forbidden(message));
        }
        self.perform(action, task, request).await?.ok_or_else(|| task_not_found(request))
    }

    async fn perform(
        &self,
        action: TaskAction,
        task: Task,
        request: &Parts,
    ) -> Result<Option<Task>, StoreError> {
        let (id, status) = (task.id, task.status);
        let mut task = Some(task);
        if action.cancels(status) {
            task = self.tasks.cancel(id).await?;
            if !status.has_ended() {
                self.access.tell(request, Touched::Cancelled, &[id]);
            }
        }
        if action.prunes(status) {
            task = self.tasks.prune(id).await?;
            if task.as_ref().is_some_and(|task| task.status.has_ended()) {
                self.access.tell(request, Touched::Pruned, &[id]);
            }
        }
        Ok(task)
    }
}
