//! What a request is about, read off its path.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use tasks::TaskId;

use crate::{ApiError, Format, characters::excerpt};

/// The routes, as axum wants them. A parameter must be a whole segment there, so suffixes are split off here.
pub(crate) const ROUTES: [&str; 14] = [
    "/tasks",
    "/tasks/",
    "/tasks.xml",
    "/tasks.xml/",
    "/tasks.json",
    "/tasks.json/",
    "/tasks/{task}",
    "/tasks/{task}/",
    "/tasks/{task}/download",
    "/tasks/{task}/download/",
    "/tasks/{task}/download.xml",
    "/tasks/{task}/download.xml/",
    "/tasks/{task}/download.json",
    "/tasks/{task}/download.json/",
];

/// What one of [`ROUTES`] leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// All tasks.
    List,
    /// One task, by what should be its number.
    Task(&'a str),
    /// One task's file.
    Download(&'a str),
}

impl<'a> Target<'a> {
    /// The target of a path that matched one of [`ROUTES`], and the format that its suffix asks for.
    pub(crate) fn of(path: &'a str) -> (Self, Option<Format>) {
        let path = path.strip_suffix('/').unwrap_or(path);
        let (path, suffix) = Format::split_suffix(path);
        let target = match path.strip_prefix("/tasks/") {
            None => Self::List,
            Some(rest) => match rest.strip_suffix("/download") {
                Some(id) => Self::Download(id),
                None => Self::Task(rest),
            },
        };
        (target, suffix)
    }

    /// The methods that it takes, as `Allow` lists them.
    pub(crate) fn allow(self) -> &'static str {
        match self {
            Self::List | Self::Download(_) => "GET, HEAD, OPTIONS",
            Self::Task(_) => "GET, HEAD, DELETE, OPTIONS",
        }
    }
}

/// The task's number as it stands in a path; 404 for what is no number.
pub(crate) fn task_id(segment: &str) -> Result<TaskId, ApiError> {
    let text = decoded(segment);
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(id) if digits => Ok(TaskId(id)),
        _ => Err(task_not_found(segment)),
    }
}

/// The answer about a task that does not exist, or not for this caller.
pub(crate) fn task_not_found(segment: &str) -> ApiError {
    ApiError::not_found(format!("Task not found: {}", excerpt(&decoded(segment), 64)))
}

fn decoded(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}
