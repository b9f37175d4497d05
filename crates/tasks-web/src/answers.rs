//! Answers the requests.

use axum::{
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use tasks::{Filter, StoreError, Task, Tasks};

use crate::{
    access::Access,
    download,
    target::{Target, task_id, task_not_found},
    wish::Wish,
    {AllowedOrigins, ApiError, Permit, Printer},
};

/// What it takes to answer.
pub(crate) struct Answers {
    pub(crate) tasks: Tasks,
    pub(crate) access: Access,
    pub(crate) origins: AllowedOrigins,
}

impl Answers {
    /// The response to a request.
    pub(crate) async fn answer(&self, request: &Parts, printer: &Printer, target: Target<'_>) -> Response {
        let response = match (&request.method, target) {
            (&Method::OPTIONS, _) => return options(target),
            (&Method::GET | &Method::HEAD, Target::List) => self.list(request, printer).await,
            (&Method::GET | &Method::HEAD | &Method::DELETE, Target::Task(id)) => {
                self.task(request, printer, id).await
            }
            (&Method::GET | &Method::HEAD, Target::Download(id)) => self.download(request, id).await,
            _ => return method_not_allowed(printer, target),
        };
        response.unwrap_or_else(|error| printer.error(&error))
    }

    async fn list(&self, request: &Parts, printer: &Printer) -> Result<Response, ApiError> {
        let mut tasks = self.tasks.list(&Filter::default()).await?;
        tasks.retain(|task| self.access.permit(request, task) >= Permit::See);
        Ok(printer.response(StatusCode::OK, printer.tasks(&tasks)))
    }

    async fn task(&self, request: &Parts, printer: &Printer, id: &str) -> Result<Response, ApiError> {
        let task = match Wish::of(request) {
            None => self.visible(request, id).await?.0,
            Some(wish) => {
                self.origins.admit(&request.headers, &printer.base)?;
                let task = self.touchable(request, id).await?;
                self.grant(wish, task).await?.ok_or_else(|| task_not_found(id))?
            }
        };
        Ok(printer.response(StatusCode::OK, printer.task(&task)))
    }

    async fn download(&self, request: &Parts, id: &str) -> Result<Response, ApiError> {
        let (task, _) = self.visible(request, id).await?;
        download::of(&self.tasks, &task).await
    }

    /// The task as it is after the wish was granted; `None` if somebody had it forgotten meanwhile.
    async fn grant(&self, wish: Wish, task: Task) -> Result<Option<Task>, StoreError> {
        let (id, status) = (task.id, task.status);
        let mut task = Some(task);
        if wish.cancels(status) {
            task = self.tasks.cancel(id).await?;
        }
        if wish.prunes(status) {
            task = self.tasks.prune(id).await?;
        }
        Ok(task)
    }

    /// The task, if it is there and the caller may see it, with what else they may do.
    async fn visible(&self, request: &Parts, id: &str) -> Result<(Task, Permit), ApiError> {
        let task = self.tasks.get(task_id(id)?).await?.ok_or_else(|| task_not_found(id))?;
        match self.access.permit(request, &task) {
            Permit::Nothing => Err(task_not_found(id)),
            permit => Ok((task, permit)),
        }
    }

    /// The task, if the caller may cancel and prune it.
    async fn touchable(&self, request: &Parts, id: &str) -> Result<Task, ApiError> {
        match self.visible(request, id).await? {
            (task, Permit::Touch) => Ok(task),
            (task, _) => {
                let message = format!("You may see task {}, but not cancel or prune it.", task.id);
                Err(ApiError::forbidden(message))
            }
        }
    }
}

fn options(target: Target<'_>) -> Response {
    (StatusCode::NO_CONTENT, [(header::ALLOW, target.allow())]).into_response()
}

fn method_not_allowed(printer: &Printer, target: Target<'_>) -> Response {
    let mut response = printer.error(&ApiError::method_not_allowed());
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(target.allow()));
    response
}
