use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use longhaul_commands::InputNames;
use longhaul_tasks::{Change, Report, ReportValue, Status, Task, Tasks};
use tokio::sync::broadcast::error::RecvError;

/// How many tasks have ended since the server started, by kind and status. Each end is logged, too.
#[derive(Debug)]
pub(crate) struct EndedTasks {
    counts: Mutex<BTreeMap<(String, Status), u64>>,
    input_names: InputNames,
}

impl EndedTasks {
    /// Logs and counts the ends of tasks from now on.
    pub(super) fn watch(tasks: &Tasks, input_names: InputNames) -> Arc<Self> {
        let ended = Arc::new(Self { counts: Mutex::default(), input_names });
        let (tasks, watching, mut changes) = (tasks.clone(), ended.clone(), tasks.changes());
        tokio::spawn(async move {
            loop {
                match changes.recv().await {
                    Ok(Change::Changed(id)) => {
                        if let Ok(Some(task)) = tasks.get(id).await {
                            watching.changed(&task);
                        }
                    }
                    Ok(Change::Gone(_) | Change::Missed) => {}
                    Err(RecvError::Lagged(missed)) => {
                        tracing::info!(missed, "the ends of some tasks are not in the log");
                    }
                    Err(RecvError::Closed) => return,
                }
            }
        });
        ended
    }

    /// The counts, by kind and status.
    pub(crate) fn counts(&self) -> Vec<((String, Status), u64)> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(key, count)| (key.clone(), *count)).collect()
    }

    fn changed(&self, task: &Task) {
        if !task.status.has_ended() {
            return;
        }
        log(task, self.input_names.take(task.id).as_deref());
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((task.kind.to_string(), task.status)).or_default() += 1;
    }
}

/// `file` is the name of the file that the task has read.
fn log(task: &Task, file: Option<&str>) {
    let (id, kind, status) = (task.id.0, &*task.kind, task.status.as_str());
    let (repository, owner) = (task.subject.as_deref(), task.owner.as_deref());
    let begun = task.started.unwrap_or(task.created);
    let seconds = task.finished.map(|finished| finished.duration_since(begun).as_secs_f64());
    let cause = task.error.as_ref().map(|error| error.message.as_str());
    let (features, commit) = (features(task), commit(task));
    tracing::info!(
        id,
        kind,
        status,
        repository,
        owner,
        file,
        features,
        seconds,
        commit,
        cause,
        "a task has ended"
    );
}

/// How many features the layers have that the task has written, or how many it has exported.
fn features(task: &Task) -> Option<i64> {
    let result = task.result.as_ref()?;
    match result.get("layer") {
        Some(ReportValue::List(layers)) => Some(layers.iter().map(features_of_layer).sum()),
        _ => integer(result, "features"),
    }
}

/// What a file has of a layer: all features but those that it deletes.
fn features_of_layer(layer: &ReportValue) -> i64 {
    let ReportValue::Element(layer) = layer else { return 0 };
    ["added", "changed", "unchanged"].iter().filter_map(|name| integer(layer, name)).sum()
}

/// The id of the commit that the task has made.
pub(super) fn commit(task: &Task) -> Option<&str> {
    let Some(ReportValue::Element(commit)) = task.result.as_ref()?.get("commit") else { return None };
    match commit.get("id") {
        Some(ReportValue::Text(id)) => Some(id),
        _ => None,
    }
}

fn integer(report: &Report, name: &str) -> Option<i64> {
    match report.get(name) {
        Some(ReportValue::Integer(number)) => Some(*number),
        _ => None,
    }
}
