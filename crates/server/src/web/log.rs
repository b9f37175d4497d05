//! `GET /repos/{name}/log`.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use longhaul_commands::{commit_members, counted_commit_members};
use longhaul_repository::{Commit, Interrupter, LogQuery, LogRange, Repository};
use longhaul_tasks::{Report, ReportValue};
use longhaul_tasks_web::{ApiError, Flag, Renderer};
use serde::Deserialize;

use super::{
    Reader, Repo, RepositoryStore, diff,
    error_response::{self, ErrorResponse},
    parameters::Parameters,
};

/// The most commits on one page.
const MAX_PAGE: usize = 10_000;

/// All parameters but `path`, which may come several times.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LogParams {
    until: Option<String>,
    since: Option<String>,
    since_time: Option<Time>,
    until_time: Option<Time>,
    first_parent_only: Flag,
    return_range: Flag,
    offset: usize,
    limit: Option<usize>,
    page: usize,
    show: Option<usize>,
    count_changes: Flag,
    summary: Flag,
}

/// Milliseconds since 1970, or given as a date and time such as `2026-11-24T10:00:00Z`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Time(i64);

impl TryFrom<String> for Time {
    type Error = &'static str;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        let of_date = || Some(value.parse::<jiff::Timestamp>().ok()?.as_millisecond());
        value.parse().ok().or_else(of_date).map(Self).ok_or("must be a time.")
    }
}

/// A page of the history, or its two ends (`returnRange`).
pub(super) async fn log(
    renderer: Renderer,
    Repo(repository, _): Repo<Reader>,
    State(store): State<RepositoryStore>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    let parameters = Parameters::of_query(request.uri().query());
    let params: LogParams = parameters.parse()?;
    params.require_supported()?;
    let (is_range, counts_changes) = (params.return_range.0, params.count_changes.0);
    let query = params.query(parameters.texts("path").map(str::to_owned).collect());
    let report = store.pool.run(move || match is_range {
        true => repository.log_range(&query).map(range).map_err(error_response::of_read),
        false => page(&repository, &query, counts_changes),
    });
    Ok(renderer.success(StatusCode::OK, report.await??))
}

impl LogParams {
    fn require_supported(&self) -> Result<(), ApiError> {
        match self.summary.0 {
            true => Err(ApiError::bad_request("summary is not supported by this server.")),
            false => Ok(()),
        }
    }

    fn query(self, paths: Vec<String>) -> LogQuery {
        let (since, until) = (self.since_time.map(|time| time.0), self.until_time.map(|time| time.0));
        let is_limited = since.is_some() || until.is_some();
        LogQuery {
            until: self.until,
            since: self.since,
            paths,
            committed: is_limited.then(|| since.unwrap_or(i64::MIN)..=until.unwrap_or(i64::MAX)),
            first_parent_only: self.first_parent_only.0,
            offset: self.offset,
            limit: self.limit,
            page: self.page,
            show: self.show.unwrap_or(30).min(MAX_PAGE),
        }
    }
}

fn page(repository: &Repository, query: &LogQuery, counts_changes: bool) -> Result<Report, ApiError> {
    let page = repository.log(query).map_err(error_response::of_read)?;
    let mut nodes = Vec::with_capacity(page.commits.len());
    for commit in &page.commits {
        nodes.push(match counts_changes {
            false => node(commit),
            true => {
                let counts = repository.commit_counts(commit, &query.paths, &Interrupter::default());
                ReportValue::Element(counted_commit_members(commit, counts.map_err(diff::of_diff)?))
            }
        });
    }
    let report = Report::new().list("commit", nodes);
    Ok(if page.has_next { report.boolean("nextPage", true) } else { report })
}

fn range(range: Option<LogRange>) -> Report {
    let none = || Report::new().list("commit", []);
    match range {
        None => none().integer("numCommits", 0),
        Some(range) => Report::new()
            .with("untilCommit", node(&range.until))
            .list("commit", [])
            .with("sinceCommit", node(&range.since))
            .integer("numCommits", i64::try_from(range.count).unwrap_or(i64::MAX)),
    }
}

fn node(commit: &Commit) -> ReportValue {
    ReportValue::Element(commit_members(commit))
}
