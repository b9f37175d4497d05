//! The parameters that select tasks: of `GET /tasks` and of the bulk actions.

use std::{borrow::Cow, collections::HashSet};

use jiff::Timestamp;
use longhaul_tasks::{Filter, Status, TaskId};
use serde::Deserialize;

use crate::{ApiError, characters::excerpt, params::from_pairs};

/// The most tasks on a page, and the most that one request cancels or prunes.
pub(crate) const MAX_PAGE: usize = 10_000;

/// The fields of [`ListQuery`].
const NAMES: [&str; 7] = ["status", "kind", "owner", "since", "before", "after", "limit"];

/// Everything but the subject, whose parameter has a name that the app chooses.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    status: Statuses,
    kind: Option<Text>,
    owner: Option<Text>,
    since: Option<Time>,
    before: Option<Time>,
    after: Option<Id>,
    limit: Option<PageLimit>,
}

/// What a bulk action has beside the filter.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct BulkQuery {
    dry_run: bool,
}

/// The filter that a query string describes; `subject` is what the app calls a task's subject. Other parameters are ignored.
///
/// # Errors
/// 400 if a value is not of its parameter's type, and if a parameter other than `status` comes twice.
pub(crate) fn filter(query: &str, subject: &str) -> Result<Filter, ApiError> {
    let mut pairs = Vec::new();
    let mut statuses = Vec::new();
    let mut subject_value = None;
    let mut seen = HashSet::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !is_filter(&name, subject) {
            continue;
        }
        if name == "status" {
            statuses.push(value);
            continue;
        }
        if !seen.insert(name.clone()) {
            return Err(ApiError::bad_request(format!("{name} is given twice.")));
        }
        match name == subject {
            true => subject_value = Some(value.into_owned()),
            false => pairs.push((name, value)),
        }
    }
    if !statuses.is_empty() {
        pairs.push((Cow::Borrowed("status"), Cow::Owned(statuses.join(","))));
    }
    let subject_value = subject_value.map(Text::try_from).transpose();
    let subject_value = subject_value.map_err(|error| ApiError::bad_request(format!("{subject} {error}")))?;
    Ok(from_pairs::<ListQuery>(pairs)?.into_filter(subject_value))
}

/// As [`filter`], for a bulk action; with whether it is a dry run.
///
/// # Errors
/// 400 also for a parameter that does not exist, which might be a misspelt filter, and for a filter that selects every task.
pub(crate) fn bulk_filter(query: &str, subject: &str) -> Result<(Filter, bool), ApiError> {
    let pairs = || form_urlencoded::parse(query.as_bytes());
    let is_known =
        |name: &str| is_filter(name, subject) || matches!(name, "dryRun" | "output_format" | "verbose");
    if let Some((name, _)) = pairs().find(|(name, _)| !is_known(name)) {
        let name = excerpt(&name, 64);
        return Err(ApiError::bad_request(format!("There is no parameter {name} here.")));
    }
    let BulkQuery { dry_run } = from_pairs(pairs())?;
    let filter = filter(query, subject)?;
    let pages = Filter { after: filter.after, limit: filter.limit, ..Filter::default() };
    if filter == pages {
        let message = format!(
            "Say which tasks are meant, by at least one of status, kind, {subject}, owner, since and before."
        );
        return Err(ApiError::bad_request(message));
    }
    Ok((filter, dry_run))
}

fn is_filter(name: &str, subject: &str) -> bool {
    name == subject || NAMES.contains(&name)
}

impl ListQuery {
    fn into_filter(self, subject: Option<Text>) -> Filter {
        Filter {
            status: self.status.0,
            kind: self.kind.map(|text| text.0),
            owner: self.owner.map(|text| text.0),
            subject: subject.map(|text| text.0),
            since: self.since.map(|time| time.0),
            before: self.before.map(|time| time.0),
            after: self.after.map(|id| TaskId(id.0)),
            limit: self.limit.map(|limit| limit.0),
            within: None,
        }
    }
}

/// Statuses, separated by commas.
#[derive(Default, Deserialize)]
#[serde(try_from = "String")]
struct Statuses(Vec<Status>);

impl TryFrom<String> for Statuses {
    type Error = &'static str;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        let known = [Status::Waiting, Status::Running, Status::Finished, Status::Failed, Status::Cancelled];
        let status =
            |word: &str| known.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(word.trim()));
        let statuses: Option<_> = value.split(',').map(status).collect();
        statuses.map(Self).ok_or("must be WAITING, RUNNING, FINISHED, FAILED or CANCELLED, or several.")
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Text(String);

impl TryFrom<String> for Text {
    type Error = &'static str;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        if value.is_empty() { Err("must not be empty.") } else { Ok(Self(value)) }
    }
}

/// A time of RFC 3339, or milliseconds since 1970.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Time(Timestamp);

impl TryFrom<String> for Time {
    type Error = &'static str;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        // A plus sign that was not escaped has been decoded to a space.
        let value = value.replace(' ', "+");
        let of_millis = || Timestamp::from_millisecond(value.parse().ok()?).ok();
        let time = value.parse().ok().or_else(of_millis);
        time.map(Self).ok_or("must be a time, such as 2026-11-27T12:00:00Z.")
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Id(u64);

impl TryFrom<String> for Id {
    type Error = &'static str;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        number(&value).map(Self).ok_or("must be a number.")
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct PageLimit(usize);

impl TryFrom<String> for PageLimit {
    type Error = String;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        let limit = number(&value).filter(|limit| (1..=MAX_PAGE).contains(limit));
        limit.map(Self).ok_or_else(|| format!("must be a number from 1 to {MAX_PAGE}."))
    }
}

/// A number written in digits only, without a sign.
fn number<T: std::str::FromStr>(value: &str) -> Option<T> {
    value.parse().ok().filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()))
}
