//! One task as a poller sees it: a snapshot whose members all belong to the same moment.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Report;

/// A positive number. A store assigns ids in the order of acceptance, and none twice.
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
    /// Accepted; no worker has claimed it yet.
    Waiting,
    /// A worker runs it.
    Running,
    /// It did what was asked; its effect is published.
    Finished,
    /// It could not. Nothing was published, unless the task was sealed and its publication turned out to be impossible.
    Failed,
    /// It was stopped before its commit point; nothing was published.
    Cancelled,
}

impl Status {
    /// Every status there is.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Finished, Self::Failed, Self::Cancelled];

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

    /// Whether the task does not change any more.
    pub fn has_ended(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How urgent a task is. It orders lanes, and never changes the order within one.
///
/// A step is worth [`PRIORITY_STEP`] of waiting time: an urgent task goes before tasks that came up to so much earlier, and after
/// those that have waited longer. So no task waits for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// It may wait.
    Low,
    /// The default.
    #[default]
    Normal,
    /// It should not wait.
    High,
}

/// How much waiting time a step of [`Priority`] is worth.
pub const PRIORITY_STEP: Duration = Duration::from_secs(300);

impl Priority {
    /// The word for it: `low`, `normal`, `high`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }

    /// The priority of this word, in lower case.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Low, Self::Normal, Self::High].into_iter().find(|priority| priority.as_str() == word)
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
    pub unit: Cow<'static, str>,
}

/// Why a task failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// The outermost error.
    pub message: String,
    /// Its causes, down to the root.
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
    /// What it works on, where the application says so.
    pub subject: Option<Arc<str>>,
    /// How urgent it is.
    pub priority: Priority,
    /// The transaction it works in, if any.
    pub transaction: Option<Arc<str>>,
    /// Who submitted it, where the application says so.
    pub owner: Option<Arc<str>>,
    /// How often it was started.
    pub attempt: u32,
    /// When it was accepted.
    pub created: Timestamp,
    /// When a worker claimed it.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// What it is doing; only while it runs, once the job has said so.
    pub progress: Option<Progress>,
    /// The job's report: of a finished task always, of a failed one where the failure carries one.
    pub result: Option<Arc<Report>>,
    /// Why it failed.
    pub error: Option<Arc<ErrorReport>>,
}
