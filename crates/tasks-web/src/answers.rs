//! Answers the requests.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use longhaul_tasks::{Status, StoreError, Task, Tasks};
use tokio::time;

use crate::{
    access::Access,
    download, events,
    follow::{Document, Ended, Followed, Hub},
    form,
    list::Visible,
    prefer::{self, Wait},
    query, tag,
    target::{Deed, Target, task_id, task_not_found},
    wish::Wish,
    {AllowedOrigins, ApiError, Permit, Printer, Traffic},
};

/// What it takes to answer.
pub(crate) struct Answers {
    pub(crate) tasks: Tasks,
    pub(crate) access: Arc<Access>,
    pub(crate) origins: AllowedOrigins,
    pub(crate) hub: Arc<Hub>,
    pub(crate) ended: Ended,
    pub(crate) traffic: Traffic,
}

impl Answers {
    /// The response to a request.
    pub(crate) async fn answer(
        &self,
        request: &Parts,
        body: Body,
        printer: &Printer,
        target: Target<'_>,
    ) -> Response {
        // Polls are most of what there is: the others have boxes of their own, so that a poll's future stays small.
        let response = match (&request.method, target) {
            (&Method::OPTIONS, _) => return options(target),
            (&Method::GET | &Method::HEAD | &Method::DELETE, Target::Task(id)) => {
                self.task(request, printer, id).await
            }
            (&Method::GET | &Method::HEAD, Target::List) => Box::pin(self.list(request, printer)).await,
            (&Method::POST, Target::Many(deed)) => {
                Box::pin(self.do_to_many(request, body, printer, deed)).await
            }
            (&Method::GET | &Method::HEAD, Target::AllEvents) => self.all_events(request, printer),
            (&Method::GET | &Method::HEAD, Target::Events(id)) => {
                Box::pin(self.events(request, printer, id)).await
            }
            (&Method::GET | &Method::HEAD, Target::Download(id)) => {
                Box::pin(self.download(request, id)).await
            }
            _ => return method_not_allowed(printer, target),
        };
        response.unwrap_or_else(|error| printer.error(&error))
    }

    async fn list(&self, request: &Parts, printer: &Printer) -> Result<Response, ApiError> {
        let query = request.uri.query().unwrap_or_default();
        let filter = query::filter(query, printer.subject)?;
        let visible = self.visible_to(request);
        let tasks = visible.list(&filter).await?;
        let mut response = printer.response(StatusCode::OK, printer.tasks(&tasks));
        let total = match filter.limit.or(filter.after.map(|_| usize::MAX)) {
            None => Some(tasks.len()),
            Some(_) => visible.totals(&filter).await?.map(|totals| totals.all()),
        };
        let headers = response.headers_mut();
        if let Some(total) = total {
            headers.insert("x-total-count", total.into());
        }
        if let Some(last) = tasks.last().filter(|_| filter.limit == Some(tasks.len())) {
            headers.extend(next_page(printer, query, last).map(|next| (header::LINK, next)));
        }
        Ok(response)
    }

    /// Cancels or prunes the tasks that the query means, or the form that is the body.
    async fn do_to_many(
        &self,
        request: &Parts,
        body: Body,
        printer: &Printer,
        deed: Deed,
    ) -> Result<Response, ApiError> {
        self.origins.admit(&request.headers, &printer.base)?;
        let query = request.uri.query().unwrap_or_default();
        let query = format!("{query}&{}", form::read(&request.headers, body).await?);
        let (filter, is_dry_run) = query::filter_for_a_deed(&query, printer.subject)?;
        let done = deed.to(self.visible_to(request), filter, is_dry_run).await?;
        Ok(printer.success(StatusCode::OK, done.report()))
    }

    fn visible_to<'a>(&'a self, request: &'a Parts) -> Visible<'a> {
        Visible { tasks: &self.tasks, access: &self.access, request }
    }

    async fn task(&self, request: &Parts, printer: &Printer, id: &str) -> Result<Response, ApiError> {
        if let Some(wish) = Wish::of(request) {
            return Box::pin(self.fulfil(wish, request, printer, id)).await;
        }
        self.traffic.count_poll();
        let wait = prefer::wait(request.uri.query(), printer.wait)?;
        let (task, _) = self.visible(request, id).await?;
        match wait {
            Some(wait) if !task.status.has_ended() => {
                Box::pin(self.wait(request, printer, id, task, wait)).await
            }
            _ if task.status.has_ended() => {
                let ended = self.ended.document(&task, printer);
                Ok(unless_held(request, respond(printer, task.status, ended)))
            }
            _ => Ok(unless_held(request, document(printer, &task))),
        }
    }

    /// The task's document after the wish was granted.
    async fn fulfil(
        &self,
        wish: Wish,
        request: &Parts,
        printer: &Printer,
        id: &str,
    ) -> Result<Response, ApiError> {
        self.origins.admit(&request.headers, &printer.base)?;
        let task = self.touchable(request, id).await?;
        let task = self.grant(wish, task).await?.ok_or_else(|| task_not_found(id))?;
        Ok(document(printer, &task))
    }

    /// The task's document once it is another than the client holds; the one that there is when the time is up.
    async fn wait(
        &self,
        request: &Parts,
        printer: &Printer,
        id: &str,
        task: Task,
        wait: Wait,
    ) -> Result<Response, ApiError> {
        self.traffic.count_wait();
        let now = Document::new(printer.task(&task));
        let mut response = if is_conditional(request) && !tag::is_held(&request.headers, &now.tag) {
            respond(printer, task.status, now)
        } else {
            let changed = self.hub.changed(task.id, printer, &now.tag);
            match time::timeout(wait.time, changed).await.ok().flatten() {
                Some(view) if self.access.permit(request, view.task()) >= Permit::See => {
                    respond(printer, view.task().status, view.document(printer))
                }
                _ => {
                    let (task, _) = self.visible(request, id).await?;
                    unless_held(request, document(printer, &task))
                }
            }
        };
        if let Some(applied) = wait.applied() {
            response.headers_mut().insert("preference-applied", applied);
        }
        Ok(response)
    }

    fn all_events(&self, request: &Parts, printer: &Printer) -> Result<Response, ApiError> {
        if request.method == Method::HEAD {
            return Ok(events::head());
        }
        self.traffic.count_stream();
        let stream = self.hub.follow_all(request, printer, events::last(&request.headers))?;
        Ok(events::response(stream))
    }

    async fn events(&self, request: &Parts, printer: &Printer, id: &str) -> Result<Response, ApiError> {
        let (task, _) = self.visible(request, id).await?;
        if request.method == Method::HEAD {
            return Ok(events::head());
        }
        self.traffic.count_stream();
        let last = events::last(&request.headers);
        match self.hub.follow(task.id, request, printer, last).await? {
            Followed::Stream(stream) => Ok(events::response(stream)),
            Followed::NothingMore => Ok(events::nothing_more()),
            Followed::Gone => {
                self.visible(request, id).await?;
                Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "The task cannot be followed now."))
            }
        }
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

/// The task's document as a response.
pub(crate) fn document(printer: &Printer, task: &Task) -> Response {
    respond(printer, task.status, Document::new(printer.task(task)))
}

/// A task's document with its tag, and when it may pay to ask again.
fn respond(printer: &Printer, status: Status, document: Document) -> Response {
    let mut response = Response::new(Body::from(document.bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, printer.format.content_type());
    headers.insert(header::ETAG, document.tag);
    if !status.has_ended() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// The response, or 304 where the client holds that document already.
fn unless_held(request: &Parts, response: Response) -> Response {
    let is_held = |tag| tag::is_held(&request.headers, tag);
    if !response.headers().get(header::ETAG).is_some_and(is_held) {
        return response;
    }
    let (mut head, _) = response.into_parts();
    head.status = StatusCode::NOT_MODIFIED;
    head.headers.remove(header::CONTENT_TYPE);
    Response::from_parts(head, Body::empty())
}

/// Where the tasks after the `last` of this page are (RFC 8288).
fn next_page(printer: &Printer, query: &str, last: &Task) -> Option<HeaderValue> {
    let rest = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "after");
    let mut next = form_urlencoded::Serializer::new(String::new());
    let next = next.extend_pairs(rest).append_pair("after", &last.id.to_string()).finish();
    HeaderValue::from_str(&format!("<{}/tasks?{next}>; rel=\"next\"", printer.base.as_str())).ok()
}

fn is_conditional(request: &Parts) -> bool {
    request.headers.contains_key(header::IF_NONE_MATCH)
}

fn options(target: Target<'_>) -> Response {
    (StatusCode::NO_CONTENT, [(header::ALLOW, target.allow())]).into_response()
}

fn method_not_allowed(printer: &Printer, target: Target<'_>) -> Response {
    let mut response = printer.error(&ApiError::method_not_allowed());
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(target.allow()));
    response
}
