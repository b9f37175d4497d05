//! What is remembered of ended tasks beyond what the engine knows.

use longhaul_tasks::{HistoryOptions, Task};
use serde::Deserialize;

use super::ended_tasks::commit;
use crate::settings::Settings;

/// The most ended tasks that are remembered: some hundred bytes each.
const MAX_REMEMBERED: usize = 500_000;

/// The name of the file, in the jobs that have one.
#[derive(Default, Deserialize)]
#[serde(default)]
struct JobFile {
    file_name: Option<String>,
}

/// How ended tasks are remembered; `None` if they are not.
pub(super) fn options(settings: &Settings) -> Option<HistoryOptions> {
    let keep = settings.keep_history;
    (!keep.is_zero()).then(|| HistoryOptions::new(keep, MAX_REMEMBERED).details(details))
}

/// The name of the file that was imported, and the commit that was made.
fn details(task: &Task, job: &str) -> Vec<(String, String)> {
    let file = serde_json::from_str::<JobFile>(job).unwrap_or_default().file_name;
    let file = file.filter(|name| !name.is_empty()).map(|name| ("file".to_owned(), name));
    let commit = commit(task).map(|commit| ("commit".to_owned(), commit.to_owned()));
    file.into_iter().chain(commit).collect()
}
