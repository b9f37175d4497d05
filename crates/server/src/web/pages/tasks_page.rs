//! `/tasks`: the tasks that a filter selects, the newest first.

use askama::Template;
use axum::{
    extract::{Request, State},
    response::Response,
};
use longhaul_tasks::{Filter, Status, TaskId, Tasks, Totals};
use longhaul_tasks_web::{ApiError, task_filter};

use super::{
    actions::FILTERS,
    frame::{Frame, html},
    task_row::{KINDS, TaskRow, status_text},
    text,
    visible_tasks::VisibleTasks,
};
use crate::web::parameters::Parameters;

/// Tasks on a page.
const SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "tasks.html")]
struct TasksPage {
    frame: Frame,
    list: TaskList,
    query: TaskQuery,
    kinds: Vec<(&'static str, &'static str)>,
    /// The query of the page, `?` included if there is one.
    address: String,
}

/// The part of the page that changes by itself.
#[derive(Template)]
#[template(path = "task_list.html")]
struct TaskList {
    root: String,
    csrf: String,
    query: TaskQuery,
    /// Of each status: its name on the wire, its word, how many, whether it is selected, and the query that selects it.
    statuses: Vec<StatusLink>,
    all: StatusLink,
    rows: Vec<TaskRow>,
    /// The query of the next page.
    older: Option<String>,
    unfinished: usize,
    ended: usize,
    /// Whether the reader may cancel and remove tasks.
    may_change: bool,
}

struct StatusLink {
    class: String,
    title: &'static str,
    count: usize,
    is_selected: bool,
    query: String,
}

/// The filter of the page's address.
#[derive(Clone, Default)]
struct TaskQuery {
    /// The filters that are set, in the order of the address.
    pairs: Vec<(String, String)>,
    below: Option<TaskId>,
}

/// The page. Its query is that of `GET /tasks`; `below` is an id.
pub(super) async fn show(
    frame: Frame,
    State(tasks): State<Tasks>,
    request: Request,
) -> Result<Response, ApiError> {
    let query = TaskQuery::of(request.uri().query());
    let list = TaskList::read(&tasks, &frame, &query).await?;
    let address = request.uri().query().map_or_else(String::new, |query| format!("?{query}"));
    html(&TasksPage { list, query, kinds: KINDS.to_vec(), address, frame })
}

/// The part of the page that changes.
pub(super) async fn show_live(
    frame: Frame,
    State(tasks): State<Tasks>,
    request: Request,
) -> Result<Response, ApiError> {
    html(&TaskList::read(&tasks, &frame, &TaskQuery::of(request.uri().query())).await?)
}

impl TaskQuery {
    /// Fields of the form that are empty are no filters.
    fn of(query: Option<&str>) -> Self {
        let parameters = Parameters::of_query(query);
        let is_filter = |(name, value): &(&str, &str)| FILTERS.contains(name) && !value.is_empty();
        let pairs = parameters.pairs().filter(is_filter);
        Self {
            pairs: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            below: parameters.text("below").and_then(|id| id.parse().ok()).map(TaskId),
        }
    }

    fn filter(&self) -> Result<Filter, ApiError> {
        task_filter(&self.text(), "repository")
    }

    fn text(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish()
    }

    /// The value of a filter.
    fn value(&self, name: &str) -> &str {
        self.pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The address of the same filter with other values.
    fn with(&self, name: &str, value: &str) -> String {
        let mut pairs = self.pairs.clone();
        pairs.retain(|(known, _)| known != name);
        if !value.is_empty() {
            pairs.push((name.to_owned(), value.to_owned()));
        }
        form_urlencoded::Serializer::for_suffix("?".to_owned(), 1).extend_pairs(pairs).finish()
    }

    /// What the forms that change all tasks of the filter repeat; `statuses` if no status is selected, since the API does not
    /// change tasks without a filter.
    fn fields(&self, statuses: &str) -> Vec<(String, String)> {
        let mut pairs = self.pairs.clone();
        if self.value("status").is_empty() {
            pairs.push(("status".to_owned(), statuses.to_owned()));
        }
        pairs
    }
}

impl TaskList {
    async fn read(tasks: &Tasks, frame: &Frame, query: &TaskQuery) -> Result<Self, ApiError> {
        let visible = VisibleTasks { tasks, caller: &frame.caller };
        let filter = query.filter()?;
        let newest = visible.newest(&filter, query.below, SHOWN).await?;
        let mut of_any_status = visible.totals(&Filter { status: Vec::new(), ..filter.clone() }).await?;
        let mut selected = visible.totals(&filter).await?;
        let oldest = newest.tasks.last().filter(|_| newest.has_older);
        Ok(Self {
            root: frame.root.clone(),
            csrf: frame.csrf.clone(),
            all: StatusLink {
                class: "all".to_owned(),
                title: "all",
                count: of_any_status.all(),
                is_selected: filter.status.is_empty(),
                query: query.with("status", ""),
            },
            statuses: status_links(&filter, &mut of_any_status, query),
            older: oldest.map(|task| query.with("below", &task.id.to_string())),
            rows: newest.tasks.iter().map(|task| TaskRow::new(task, visible.permit(task))).collect(),
            unfinished: *selected.of(Status::Waiting) + *selected.of(Status::Running),
            ended: *selected.of(Status::Finished)
                + *selected.of(Status::Failed)
                + *selected.of(Status::Cancelled),
            may_change: frame.is_writer(),
            query: query.clone(),
        })
    }
}

fn status_links(filter: &Filter, totals: &mut Totals, query: &TaskQuery) -> Vec<StatusLink> {
    let link = |status: Status| StatusLink {
        class: status.as_str().to_ascii_lowercase(),
        title: status_text(status),
        count: *totals.of(status),
        is_selected: filter.status == [status],
        query: query.with("status", status.as_str()),
    };
    Status::ALL.map(link).into()
}
