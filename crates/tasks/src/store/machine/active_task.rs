//! A task that has not ended, with what it takes to run it.

use std::{path::PathBuf, sync::Arc};

use crate::{
    Lane, TaskId,
    store::{AttemptKey, Claimed, NewTask, TaskState},
};

/// After so many interruptions a task may be what ends the process.
const MANY_INTERRUPTIONS: u32 = 2;

/// The lane that a task needs, beside its own, once it was interrupted twice. So tasks that ran together when the process ended
/// twice run one at a time, and only the one that ends it again is interrupted again.
pub const INTERRUPTED_TWICE: &str = "longhaul-tasks: interrupted twice";

/// A task that has not ended, or ends in the current batch.
#[derive(Clone)]
pub(in crate::store) struct ActiveTask {
    pub(in crate::store) state: TaskState,
    /// The job, as JSON.
    pub(in crate::store) job: Arc<str>,
    pub(in crate::store) lanes: Arc<[Lane]>,
    /// Files that are removed when it ends.
    pub(in crate::store) files: Arc<[PathBuf]>,
    /// Its place in the queue, in nanoseconds: the time of acceptance, moved by its priority.
    pub(in crate::store) rank: i64,
    /// It was found unfinished when the store was opened. An earlier start may have brought the process down, so its next start
    /// is durable before it runs.
    pub(in crate::store) restored: bool,
}

impl ActiveTask {
    pub(in crate::store) fn id(&self) -> TaskId {
        self.state.record.task.id
    }

    /// What it was submitted with, in bytes: the job, and the texts and paths beside it.
    pub(in crate::store) fn bytes(&self) -> usize {
        let task = &self.state.record.task;
        let texts = [Some(&self.job), Some(&task.kind), Some(&task.description)];
        let optional = [task.subject.as_ref(), task.owner.as_ref(), task.transaction.as_ref()];
        size_of_texts(texts.into_iter().chain(optional), &self.files)
    }

    pub(in crate::store) fn key(&self) -> AttemptKey {
        AttemptKey { id: self.id(), fence: self.state.fence }
    }

    /// The lanes that it needs: those of its job, and [`INTERRUPTED_TWICE`].
    pub(in crate::store) fn needed_lanes(&self) -> Arc<[Lane]> {
        match self.state.record.interruptions < MANY_INTERRUPTIONS {
            true => self.lanes.clone(),
            false => self.lanes.iter().cloned().chain([Lane::new(INTERRUPTED_TWICE)]).collect(),
        }
    }

    /// What a worker gets to run.
    pub(in crate::store) fn claimed(&self) -> Claimed {
        let task = &self.state.record.task;
        Claimed {
            key: self.key(),
            attempt: task.attempt,
            kind: task.kind.clone(),
            job: self.job.clone(),
            files: self.files.to_vec(),
        }
    }
}

impl NewTask {
    /// As [`ActiveTask::bytes`].
    pub(super) fn bytes(&self) -> usize {
        let texts = [Some(&self.job), Some(&self.kind), Some(&self.description)];
        let optional = [self.subject.as_ref(), self.owner.as_ref(), self.transaction.as_ref()];
        size_of_texts(texts.into_iter().chain(optional), &self.files)
    }
}

fn size_of_texts<'a>(texts: impl Iterator<Item = Option<&'a Arc<str>>>, paths: &[PathBuf]) -> usize {
    let texts: usize = texts.flatten().map(|text| text.len()).sum();
    texts + paths.iter().map(|path| path.as_os_str().len()).sum::<usize>()
}
