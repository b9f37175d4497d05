//! Reads from a request which tasks are meant.

use std::{borrow::Cow, collections::HashSet};

use jiff::Timestamp;
use longhaul_tasks::{Filter, Status, TaskId};

use crate::{ApiError, characters::excerpt};

/// The most tasks on a page, and the most that one request cancels or prunes.
pub(crate) const LONGEST_PAGE: usize = 10_000;

/// The filter that a query asks for, `subject` being what the app calls a task's subject. Of names that are none of the
/// filter's nothing is made.
///
/// # Errors
/// 400, naming the parameter, for a value that is none of its kind and for one that is given twice.
pub(crate) fn filter(query: &str, subject: &str) -> Result<Filter, ApiError> {
    let mut filter = Filter::default();
    let mut seen = HashSet::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !read(&mut filter, &name, &value, subject)? {
            continue;
        }
        if name != "status" && !seen.insert(name.clone()) {
            return Err(ApiError::bad_request(format!("{name} is given twice.")));
        }
    }
    Ok(filter)
}

/// As [`filter`], for a request that changes what it finds: a parameter that is none of ours would let it find more than its
/// sender means, so it is refused, and so is a filter that lets everything through.
pub(crate) fn filter_for_a_deed(query: &str, subject: &str) -> Result<(Filter, bool), ApiError> {
    let mut dry_run = false;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "dryRun" if value.eq_ignore_ascii_case("true") => dry_run = true,
            "dryRun" if value.eq_ignore_ascii_case("false") => {}
            "dryRun" => return Err(ApiError::bad_request("dryRun must be true or false.")),
            "output_format" | "verbose" => {}
            name if read(&mut Filter::default(), name, &value, subject)? => {}
            name => {
                let name = excerpt(name, 64);
                return Err(ApiError::bad_request(format!("There is no parameter {name} here.")));
            }
        }
    }
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

/// Takes one parameter into the filter; whether it is one of the filter's.
fn read(filter: &mut Filter, name: &str, value: &str, subject: &str) -> Result<bool, ApiError> {
    match name {
        "status" => filter.status.append(&mut statuses(value)?),
        "kind" => filter.kind = Some(text(name, value)?),
        "owner" => filter.owner = Some(text(name, value)?),
        "since" => filter.since = Some(time(name, value)?),
        "before" => filter.before = Some(time(name, value)?),
        "after" => filter.after = Some(TaskId(number(name, value)?)),
        "limit" => filter.limit = Some(limit(value)?),
        name if name == subject => filter.subject = Some(text(name, value)?),
        _ => return Ok(false),
    }
    Ok(true)
}

fn statuses(value: &str) -> Result<Vec<Status>, ApiError> {
    let known = [Status::Waiting, Status::Running, Status::Finished, Status::Failed, Status::Cancelled];
    let status = |word: &str| {
        let status = known.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(word.trim()));
        status.ok_or_else(|| {
            ApiError::bad_request(
                "status must be WAITING, RUNNING, FINISHED, FAILED or CANCELLED, or several.",
            )
        })
    };
    value.split(',').map(status).collect()
}

fn text(name: &str, value: &str) -> Result<String, ApiError> {
    match value.is_empty() {
        true => Err(ApiError::bad_request(format!("{name} must not be empty."))),
        false => Ok(value.to_owned()),
    }
}

/// RFC 3339, or milliseconds since 1970.
fn time(name: &str, value: &str) -> Result<Timestamp, ApiError> {
    // A plus that was not escaped has become a space.
    let value: Cow<'_, str> = if value.contains(' ') { value.replace(' ', "+").into() } else { value.into() };
    let of_millis = || Timestamp::from_millisecond(value.parse().ok()?).ok();
    value
        .parse()
        .ok()
        .or_else(of_millis)
        .ok_or_else(|| ApiError::bad_request(format!("{name} must be a time, such as 2026-11-27T12:00:00Z.")))
}

fn number(name: &str, value: &str) -> Result<u64, ApiError> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|_| digits);
    number.ok_or_else(|| ApiError::bad_request(format!("{name} must be a number.")))
}

fn limit(value: &str) -> Result<usize, ApiError> {
    let limit = number("limit", value).ok().and_then(|limit| usize::try_from(limit).ok());
    limit
        .filter(|limit| (1..=LONGEST_PAGE).contains(limit))
        .ok_or_else(|| ApiError::bad_request(format!("limit must be a number from 1 to {LONGEST_PAGE}.")))
}
