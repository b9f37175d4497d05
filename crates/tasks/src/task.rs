//! One task as a poller sees it: a snapshot whose members all belong to the same moment.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Report;

/// A positive number, given in the order of acceptance and never twice by one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Accepted; no worker has it yet.
    Waiting,
    /// A worker runs it.
    Running,
    /// It did what was asked; its effect is published.
    Finished,
    /// It could not; nothing was published.
    Failed,
    /// It was stopped before its point of no return; nothing was published.
    Cancelled,
}

impl Status {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Running => "RUNNING",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Whether nothing more will happen to the task.
    pub fn has_ended(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a running task is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The step in words, ending in three dots: `Importing roads (2/3)...`.
    pub step: Arc<str>,
    /// How far the step is, in `unit`s; never goes back within a step.
    pub done: u64,
    /// How far it will go, where that is known.
    pub total: Option<u64>,
    /// What is counted: `features`, `bytes`, `percent`.
    pub unit: &'static str,
}

/// Why a task failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// The outermost error.
    pub message: String,
    /// What lies beneath it, down to the root.
    pub causes: Vec<String>,
}

/// A snapshot of one task.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// The job's stable name, `import-geopackage`.
    pub kind: Arc<str>,
    /// Where it is in its life.
    pub status: Status,
    /// What was asked for, in words.
    pub description: Arc<str>,
    /// The transaction it works in, if any.
    pub transaction: Option<Arc<str>>,
    /// Who asked for it, where the embedder knows.
    pub owner: Option<Arc<str>>,
    /// When it was accepted.
    pub created: Timestamp,
    /// When a worker took it.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// What it is doing; only while it runs, once the job has said so.
    pub progress: Option<Progress>,
    /// What it made: of a finished task always, of a failed one where the failure carries one.
    pub result: Option<Arc<Report>>,
    /// Why it failed.
    pub error: Option<Arc<ErrorReport>>,
}
