//! `/tasks/{id}`: everything that is known of a task.

use askama::Template;
use axum::{
    extract::{Path, Request, State},
    response::Response,
};
use jiff::Timestamp;
use longhaul_repository::RepositoryName;
use longhaul_tasks::{Status, Task, TaskId, Tasks};
use longhaul_tasks_web::{ApiError, Permit};

use super::{
    frame::{Frame, html},
    task_report::TaskReport,
    task_row::TaskRow,
    text::{Moment, duration},
    visible_tasks::VisibleTasks,
};
use crate::web::parameters::Parameters;

#[derive(Template)]
#[template(path = "task.html")]
struct TaskPage {
    frame: Frame,
    row: TaskRow,
    view: TaskView,
    /// The query of the page, `?` included if there is one.
    address: String,
}

/// The part of the page that changes by itself.
#[derive(Template)]
#[template(path = "task_view.html")]
struct TaskView {
    root: String,
    csrf: String,
    row: TaskRow,
    timeline: Vec<TimelineEntry>,
    attempt: u32,
    causes: Vec<String>,
    report: Option<TaskReport>,
    /// Whether the upload of a dry run can be committed by the reader.
    can_commit: bool,
    /// What the form of the import called the kind of its file.
    kind: &'static str,
    message: String,
    add: bool,
}

struct TimelineEntry {
    title: &'static str,
    time: Option<Moment>,
    /// How long it took until then, or takes.
    after: String,
}

/// The page. A form that commits a dry run repeats the `message` and `add` of the query.
pub(super) async fn show(
    frame: Frame,
    Path(id): Path<String>,
    State(tasks): State<Tasks>,
    request: Request,
) -> Result<Response, ApiError> {
    let view = TaskView::read(&tasks, &frame, &id, request.uri().query()).await?;
    let row = view.1;
    let address = request.uri().query().map_or_else(String::new, |query| format!("?{query}"));
    html(&TaskPage { row, view: view.0, address, frame })
}

/// The part of the page that changes.
pub(super) async fn show_live(
    frame: Frame,
    Path(id): Path<String>,
    State(tasks): State<Tasks>,
    request: Request,
) -> Result<Response, ApiError> {
    html(&TaskView::read(&tasks, &frame, &id, request.uri().query()).await?.0)
}

impl TaskView {
    async fn read(
        tasks: &Tasks,
        frame: &Frame,
        id: &str,
        query: Option<&str>,
    ) -> Result<(Self, TaskRow), ApiError> {
        let id = id.parse().map_err(|_| ApiError::not_found(format!("There is no task '{id}'.")))?;
        let visible = VisibleTasks { tasks, caller: &frame.caller };
        let task = visible.get(TaskId(id)).await?;
        let query = Parameters::of_query(query);
        let report = task.result.as_deref().map(TaskReport::new);
        let permit = visible.permit(&task);
        let view = Self {
            root: frame.root.clone(),
            csrf: frame.csrf.clone(),
            row: TaskRow::new(&task, permit),
            timeline: timeline(&task),
            attempt: task.attempt,
            causes: task.error.as_ref().map(|error| error.causes.clone()).unwrap_or_default(),
            can_commit: report.as_ref().is_some_and(|report| can_commit(&task, report, frame, permit)),
            report,
            kind: if &*task.kind == "import-osm" { "osm" } else { "gpkg" },
            message: query.text("message").unwrap_or_default().to_owned(),
            add: query.text("add") == Some("true"),
        };
        Ok((view, TaskRow::new(&task, permit)))
    }
}

/// Whether the dry run's upload is kept, and its reader is the one who may commit it.
fn can_commit(task: &Task, report: &TaskReport, frame: &Frame, permit: Permit) -> bool {
    let repository = task.subject.as_deref().and_then(|name| name.parse::<RepositoryName>().ok());
    matches!(&*task.kind, "import-geopackage" | "import-osm")
        && task.status == Status::Finished
        && report.is_dry_run
        && permit == Permit::Touch
        && task.owner.as_deref() == frame.caller.name()
        && repository.is_some_and(|name| frame.may_write(&name))
}

fn timeline(task: &Task) -> Vec<TimelineEntry> {
    let now = Timestamp::now();
    let mut entries =
        vec![TimelineEntry { title: "Submitted", time: Some(task.created.into()), after: String::new() }];
    let waited =
        |until: Timestamp| format!("after {} of waiting", duration(until.duration_since(task.created)));
    match (task.started, task.finished) {
        (Some(started), _) => {
            entries.push(TimelineEntry {
                title: "Started",
                time: Some(started.into()),
                after: waited(started),
            });
        }
        (None, None) => {
            let after = duration(now.duration_since(task.created));
            entries.push(TimelineEntry { title: "Waiting", time: None, after: format!("for {after}") });
        }
        (None, Some(_)) => {}
    }
    match (task.started, task.finished) {
        (started, Some(finished)) => {
            let title = match task.status {
                Status::Failed => "Failed",
                Status::Cancelled => "Cancelled",
                _ => "Finished",
            };
            let ran = started.map(|started| format!("after {}", duration(finished.duration_since(started))));
            entries.push(TimelineEntry {
                title,
                time: Some(finished.into()),
                after: ran.unwrap_or_else(|| waited(finished)),
            });
        }
        (Some(started), None) => {
            let after = format!("for {}", duration(now.duration_since(started)));
            entries.push(TimelineEntry { title: "Running", time: None, after });
        }
        (None, None) => {}
    }
    entries
}
