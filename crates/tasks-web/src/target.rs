//! What a request is about, read off its path.

use std::borrow::Cow;

use longhaul_tasks::TaskId;
use percent_encoding::percent_decode_str;

use crate::{ApiError, Format, characters::excerpt};

/// The routes, as axum wants them, each with the suffixes that may stand behind it. A parameter must be a whole segment
/// there, so the suffixes of a task's number are split off here.
pub(crate) fn routes() -> impl Iterator<Item = String> {
    const PATHS: [(&str, &[&str]); 7] = [
        ("/tasks", SUFFIXES),
        ("/tasks/events", SUFFIXES),
        ("/tasks/cancel", SUFFIXES),
        ("/tasks/prune", SUFFIXES),
        ("/tasks/{task}", &[""]),
        ("/tasks/{task}/download", SUFFIXES),
        ("/tasks/{task}/events", SUFFIXES),
    ];
    const SUFFIXES: &[&str] = &["", ".xml", ".json"];
    PATHS.into_iter().flat_map(|(path, suffixes)| {
        suffixes.iter().flat_map(move |suffix| ["", "/"].map(|slash| format!("{path}{suffix}{slash}")))
    })
}

/// What one of the [`routes`] leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// All tasks.
    List,
    /// What happens to all tasks.
    AllEvents,
    /// To do something with many tasks at once.
    Many(Deed),
    /// One task, by what should be its number.
    Task(&'a str),
    /// What happens to one task.
    Events(&'a str),
    /// One task's file.
    Download(&'a str),
}

/// What can be done with many tasks at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Cancel,
    Prune,
}

impl<'a> Target<'a> {
    /// What a path leads to, and the format that its suffix asks for; `None` where it is none of the [`routes`].
    pub(crate) fn of(path: &'a str) -> Option<(Self, Option<Format>)> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let (path, suffix) = Format::split_suffix(path);
        let target = match path.strip_prefix("/tasks")? {
            "" => Self::List,
            "/events" => Self::AllEvents,
            "/cancel" => Self::Many(Deed::Cancel),
            "/prune" => Self::Many(Deed::Prune),
            rest => Self::of_one(rest.strip_prefix('/')?)?,
        };
        Some((target, suffix))
    }

    fn of_one(path: &'a str) -> Option<Self> {
        let (id, rest) = path.split_once('/').map_or((path, None), |(id, rest)| (id, Some(rest)));
        match rest {
            _ if id.is_empty() => None,
            None => Some(Self::Task(id)),
            Some("events") => Some(Self::Events(id)),
            Some("download") => Some(Self::Download(id)),
            Some(_) => None,
        }
    }

    /// The methods that it takes, as `Allow` lists them.
    pub(crate) fn allow(self) -> &'static str {
        match self {
            Self::List | Self::AllEvents | Self::Events(_) | Self::Download(_) => "GET, HEAD, OPTIONS",
            Self::Many(_) => "POST, OPTIONS",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_leads_somewhere_and_nothing_else_does() {
        for route in routes() {
            let path = route.replace("{task}", "7");
            let (target, suffix) = Target::of(&path).unwrap_or_else(|| panic!("{path} leads nowhere"));
            assert_eq!(route.contains("{task}"), is_of_one(target), "{path}");
            assert_eq!(route.contains(".json"), suffix == Some(Format::Json), "{path}");
        }
        let json = Some(Format::Json);
        assert_eq!(Target::of("/tasks/7.json/"), Some((Target::Task("7"), json)));
        assert_eq!(Target::of("/tasks/x%2f7/events.json"), Some((Target::Events("x%2f7"), json)));
        let nowhere = "/ /task /tasks7 /tasks// /tasks/.json /tasks//events /tasks/7// /tasks/7/log /tasks/7/events/8 tasks/7 /a/tasks";
        for path in nowhere.split(' ').chain([""]) {
            assert_eq!(Target::of(path), None, "{path}");
        }
    }

    fn is_of_one(target: Target<'_>) -> bool {
        matches!(target, Target::Task("7") | Target::Events("7") | Target::Download("7"))
    }
}
