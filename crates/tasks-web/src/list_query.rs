//! The parameters that select tasks: of `GET /tasks` and of the bulk actions.

use std::{borrow::Cow, collections::HashSet};

use jiff::Timestamp;
use longhaul_tasks::{Filter, Status, TaskId};
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{ApiError, characters::excerpt, params::from_pairs};

/// The most tasks on a page, and the most that one request cancels or prunes.
pub(crate) const MAX_PAGE: usize = 10_000;

const NOT_EMPTY: &str = "must not be empty.";

/// The fields of [`ListQuery`].
const NAMES: [&str; 7] = ["status", "kind", "owner", "since", "before", "after", "limit"];

/// Everything but the subject, whose parameter has a name that the app chooses.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    #[serde(deserialize_with = "statuses")]
    status: Vec<Status>,
    #[serde(deserialize_with = "text")]
    kind: Option<String>,
    #[serde(deserialize_with = "text")]
    owner: Option<String>,
    #[serde(deserialize_with = "time")]
    since: Option<Timestamp>,
    #[serde(deserialize_with = "time")]
    before: Option<Timestamp>,
    #[serde(deserialize_with = "id")]
    after: Option<TaskId>,
    #[serde(deserialize_with = "page_limit")]
    limit: Option<usize>,
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
pub fn filter(query: &str, subject: &str) -> Result<Filter, ApiError> {
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
    if subject_value.as_deref() == Some("") {
        return Err(ApiError::bad_request(format!("{subject} {NOT_EMPTY}")));
    }
    let ListQuery { status, kind, owner, since, before, after, limit } = from_pairs(pairs)?;
    Ok(Filter { status, kind, subject: subject_value, within: None, owner, since, before, after, limit })
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

fn statuses<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<Status>, D::Error> {
    let known = [Status::Waiting, Status::Running, Status::Finished, Status::Failed, Status::Cancelled];
    let status =
        |word: &str| known.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(word.trim()));
    let expected = "must be WAITING, RUNNING, FINISHED, FAILED or CANCELLED, or several.";
    parsed(value, expected, |value| value.split(',').map(status).collect())
}

fn text<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    parsed(value, NOT_EMPTY, |value| (!value.is_empty()).then(|| value.to_owned())).map(Some)
}

/// A time of RFC 3339, or milliseconds since 1970.
fn time<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Timestamp>, D::Error> {
    let time = |value: &str| {
        // A plus sign that was not escaped has been decoded to a space.
        let value = value.replace(' ', "+");
        let of_millis = || Timestamp::from_millisecond(value.parse().ok()?).ok();
        value.parse().ok().or_else(of_millis)
    };
    parsed(value, "must be a time, such as 2026-11-27T12:00:00Z.", time).map(Some)
}

fn id<'de, D: Deserializer<'de>>(value: D) -> Result<Option<TaskId>, D::Error> {
    parsed(value, "must be a number.", digits).map(|id| Some(TaskId(id)))
}

fn page_limit<'de, D: Deserializer<'de>>(value: D) -> Result<Option<usize>, D::Error> {
    let limit = |value: &str| digits(value).filter(|limit| (1..=MAX_PAGE).contains(limit));
    parsed(value, &format!("must be a number from 1 to {MAX_PAGE}."), limit).map(Some)
}

fn parsed<'de, D: Deserializer<'de>, T>(
    value: D,
    expected: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, D::Error> {
    parse(&Cow::<str>::deserialize(value)?).ok_or_else(|| D::Error::custom(expected))
}

/// A number written in digits only, without a sign.
fn digits<T: std::str::FromStr>(value: &str) -> Option<T> {
    value.parse().ok().filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()))
}
