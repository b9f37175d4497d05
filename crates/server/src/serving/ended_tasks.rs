use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use longhaul_tasks::{Change, ReportValue, Status, Task, Tasks};
use tokio::sync::broadcast::error::RecvError;

/// How many tasks have ended since the server started, by kind and status. Each end is logged, too.
#[derive(Debug, Default)]
pub(crate) struct EndedTasks(Mutex<BTreeMap<(String, Status), u64>>);

impl EndedTasks {
    /// Logs and counts the ends of tasks from now on.
    pub(super) fn watch(tasks: &Tasks) -> Arc<Self> {
        let ended = Arc::new(Self::default());
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
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(key, count)| (key.clone(), *count)).collect()
    }

    fn changed(&self, task: &Task) {
        if !task.status.has_ended() {
            return;
        }
        log(task);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((task.kind.to_string(), task.status)).or_default() += 1;
    }
}

fn log(task: &Task) {
    let (id, kind, status) = (task.id.0, &*task.kind, task.status.as_str());
    let (repository, owner) = (task.subject.as_deref(), task.owner.as_deref());
    let begun = task.started.unwrap_or(task.created);
    let seconds = task.finished.map(|finished| finished.duration_since(begun).as_secs_f64());
    let cause = task.error.as_ref().map(|error| error.message.as_str());
    let commit = commit(task);
    tracing::info!(id, kind, status, repository, owner, seconds, commit, cause, "a task has ended");
}

/// The id of the commit that the task has made.
pub(super) fn commit(task: &Task) -> Option<&str> {
    let members = task.result.as_ref()?.members();
    let (_, commit) = members.iter().find(|(name, _)| name == "commit")?;
    let ReportValue::Element(commit) = commit else { return None };
    match commit.members().iter().find(|(name, _)| name == "id")? {
        (_, ReportValue::Text(id)) => Some(id),
        _ => None,
    }
}
