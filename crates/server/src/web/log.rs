//! `GET /repos/NAME/log`.

use axum::http::StatusCode;
use longhaul_commands::commit_members;
use longhaul_repository::{Commit, LogPage, LogQuery, LogRange, RepositoryName};
use longhaul_tasks::{Node, Report};
use longhaul_tasks_web::ApiError;

use super::{
    Web,
    app::{Answer, Call},
    failure,
    parameters::Parameters,
};

/// The most commits on one page.
const LONGEST_PAGE: usize = 10_000;

/// A page of the history, or its two ends (`returnRange`).
pub(super) async fn log(web: &Web, name: RepositoryName, call: &mut Call) -> Answer {
    let repository = web.repository(&call.caller, name).await?;
    let parameters = Parameters::of_query(call.request.uri.query());
    let query = query(&parameters)?;
    let report = match parameters.flag("returnRange") {
        true => web.reads.run(move || repository.log_range(&query)).await?.map(range),
        false => web.reads.run(move || repository.log(&query)).await?.map(page),
    };
    Ok(call.printer.success(StatusCode::OK, report.map_err(failure::read)?))
}

fn query(parameters: &Parameters) -> Result<LogQuery, ApiError> {
    for unsupported in ["countChanges", "summary"] {
        if parameters.flag(unsupported) {
            return Err(ApiError::bad_request(format!("{unsupported} is not supported by this server.")));
        }
    }
    let text = |name: &str| parameters.text(name).map(str::to_owned);
    let (since_time, until_time) = (time(parameters, "sinceTime")?, time(parameters, "untilTime")?);
    let committed = (since_time.is_some() || until_time.is_some())
        .then(|| since_time.unwrap_or(i64::MIN)..=until_time.unwrap_or(i64::MAX));
    Ok(LogQuery {
        until: text("until"),
        since: text("since"),
        paths: parameters.texts("path").map(str::to_owned).collect(),
        committed,
        first_parent_only: parameters.flag("firstParentOnly"),
        offset: parameters.number("offset")?.unwrap_or(0),
        limit: parameters.number("limit")?,
        page: parameters.number("page")?.unwrap_or(0),
        show: parameters.number("show")?.unwrap_or(30).min(LONGEST_PAGE),
    })
}

/// Milliseconds since 1970, or a date and time such as `2026-11-24T10:00:00Z`.
fn time(parameters: &Parameters, name: &str) -> Result<Option<i64>, ApiError> {
    let time = |text: &str| {
        let parsed =
            text.parse().ok().or_else(|| Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond()));
        parsed.ok_or_else(|| ApiError::bad_request(format!("{name} must be a time.")))
    };
    parameters.text(name).map(time).transpose()
}

fn page(page: LogPage) -> Report {
    let report = Report::new().list("commit", page.commits.iter().map(node));
    if page.has_next { report.boolean("nextPage", true) } else { report }
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

fn node(commit: &Commit) -> Node {
    Node::Element(commit_members(commit))
}
