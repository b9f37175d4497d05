//! A task as long as something may still happen to it.

use std::{path::PathBuf, sync::Arc};

use crate::{
    Lane, Report, TaskId,
    store::{Claimed, Download, Record, queue::Queue},
};

/// A task that has not ended, or just has.
#[derive(Clone)]
pub(in crate::store) struct Life {
    pub(in crate::store) record: Arc<Record>,
    pub(in crate::store) job: Arc<str>,
    pub(in crate::store) lanes: Arc<[Lane]>,
    pub(in crate::store) files: Arc<[PathBuf]>,
    pub(in crate::store) sealed: Option<Arc<Seal>>,
    /// Its lanes stay shut although it has ended.
    pub(super) keeps_lanes: bool,
    /// It may be claimed before it is settled.
    pub(super) starts_early: bool,
    /// It was found unfinished when the store was opened: an earlier start may have brought the program down, so the next one
    /// is on the disk before the task runs.
    pub(super) is_veteran: bool,
    pub(super) rank: i64,
}

/// What was said at the point of no return.
pub(in crate::store) struct Seal {
    pub(in crate::store) intent: Option<Arc<str>>,
    pub(in crate::store) report: Arc<Report>,
    pub(in crate::store) download: Option<Arc<Download>>,
}

impl Life {
    /// A task as it was written down.
    pub(in crate::store) fn stored(
        record: Record,
        job: Arc<str>,
        lanes: Arc<[Lane]>,
        files: Arc<[PathBuf]>,
        sealed: Option<Seal>,
    ) -> Self {
        let sealed = sealed.map(Arc::new);
        let record = Arc::new(record);
        Self {
            record,
            job,
            lanes,
            files,
            sealed,
            keeps_lanes: false,
            starts_early: false,
            is_veteran: true,
            rank: 0,
        }
    }

    pub(super) fn change(&mut self, change: impl FnOnce(&mut Record)) {
        let mut record = Record::clone(&self.record);
        change(&mut record);
        self.record = Arc::new(record);
    }

    pub(super) fn claimed(&self) -> Claimed {
        Claimed {
            id: self.record.task.id,
            attempt: self.record.task.attempt,
            kind: self.record.task.kind.clone(),
            job: self.job.clone(),
            files: self.files.to_vec(),
        }
    }
}

impl Queue {
    pub(super) fn push_life(&mut self, id: TaskId, life: Option<&Life>) -> bool {
        life.is_some_and(|life| self.push(id, life.lanes.clone(), life.rank))
    }
}
