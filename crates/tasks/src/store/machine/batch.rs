//! What a batch of commands has changed, and how it becomes part of the machine.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use super::{
    ActiveTask, Machine, Moment, Request, RequestKey,
    admission::{Counts, LoadDifference},
};
use crate::{
    Status, TaskId,
    store::{Notice, read_model::ReadModel},
};

/// What a batch of commands has changed.
pub(in crate::store) struct Batch {
    pub(super) moment: Moment,
    pub(super) tasks: BTreeMap<TaskId, Change>,
    pub(super) counts: Counts,
    /// Ids above this one were given out by the batch.
    last_id_before: u64,
    /// By how much the number of each owner's unfinished tasks changes.
    pub(super) owners: HashMap<Arc<str>, LoadDifference>,
    pub(super) requests: HashMap<RequestKey, Request>,
    pub(super) expires_requests: bool,
    /// Tasks whose lanes are opened.
    pub(super) freed: Vec<TaskId>,
    /// How many ends leave the front of the retention list.
    pub(super) swept: usize,
    /// Claims in memory that become durable with the batch.
    claims: HashSet<TaskId>,
}

/// What becomes of a task.
pub(super) enum Change {
    /// It is as this now.
    Put(ActiveTask),
    /// It is not there any more.
    Forget {
        /// Its lanes stay occupied all the same.
        keeps_lanes: bool,
    },
}

/// What has to be written of one task.
pub(in crate::store) enum Row {
    New(ActiveTask),
    Changed(ActiveTask),
    Gone(TaskId),
}

impl Batch {
    pub(super) fn new(counts: Counts, moment: Moment) -> Self {
        Self {
            moment,
            tasks: BTreeMap::new(),
            counts,
            last_id_before: counts.last_id,
            owners: HashMap::new(),
            requests: HashMap::new(),
            expires_requests: false,
            freed: Vec::new(),
            swept: 0,
            claims: HashSet::new(),
        }
    }

    /// The requests that have to be written.
    pub(in crate::store) fn requests(&self) -> &HashMap<RequestKey, Request> {
        &self.requests
    }

    /// Whether a sweep wants expired requests to be deleted.
    pub(in crate::store) fn expires_requests(&self) -> bool {
        self.expires_requests
    }

    /// The highest id that was given out.
    pub(in crate::store) fn last_id(&self) -> u64 {
        self.counts.last_id
    }

    pub(in crate::store) fn moment(&self) -> Moment {
        self.moment
    }
}

impl Machine {
    /// Keeps the tasks of a batch that waits for the disk from being claimed, and returns what has to be written: the batch, and
    /// the claims that were made in memory.
    pub(in crate::store) fn reserve(&mut self, batch: &mut Batch) -> Vec<Row> {
        batch.claims = std::mem::take(&mut self.unwritten);
        for (id, change) in &batch.tasks {
            match change {
                Change::Put(task) if task.state.status() == Status::Running => self.queue.take(*id),
                _ => self.queue.hold(*id),
            }
        }
        let row = |(id, change): (&TaskId, &Change)| match (change, id.0 > batch.last_id_before) {
            (Change::Put(task), true) => Some(Row::New(task.clone())),
            (Change::Put(task), false) => Some(Row::Changed(task.clone())),
            (Change::Forget { .. }, true) => None,
            (Change::Forget { .. }, false) => Some(Row::Gone(*id)),
        };
        let claims = batch.claims.iter().filter(|id| !batch.tasks.contains_key(id));
        let claims = claims.filter_map(|id| self.active.get(id).cloned()).map(Row::Changed);
        batch.tasks.iter().filter_map(row).chain(claims).collect()
    }

    /// Drops a batch that did not become durable. Its ids are not given out again.
    pub(in crate::store) fn abort(&mut self, batch: Batch) -> Vec<Notice> {
        self.counts.last_id = batch.counts.last_id;
        self.unwritten.extend(batch.claims);
        let mut ready = 0;
        for id in batch.tasks.keys() {
            let Some(task) = self.active.get(id).filter(|task| task.state.status() == Status::Waiting) else {
                continue;
            };
            let task = task.clone();
            ready += self.queue.remove(*id) + usize::from(self.push(&task));
        }
        work(ready).into_iter().collect()
    }

    /// Makes a batch part of the machine and visible in the read model; what listeners have to know.
    pub(in crate::store) fn merge(&mut self, batch: Batch, read_model: &ReadModel) -> Vec<Notice> {
        let (mut notices, mut ready) = (Vec::new(), 0);
        self.counts = batch.counts;
        batch.owners.into_iter().for_each(|(owner, difference)| self.owners.add(owner, difference));
        self.retention.remove_first(batch.swept);
        for (id, change) in batch.tasks {
            let before = self.active.remove(&id);
            match change {
                Change::Put(task) => {
                    announce(before.as_ref(), &task, &mut notices);
                    ready += self.merge_lanes(before.as_ref(), &task);
                    read_model.put(task.state.record.clone());
                    match task.state.status().has_ended() {
                        true => self.retention.push(id, batch.moment),
                        false => drop(self.active.insert(id, task)),
                    }
                }
                Change::Forget { keeps_lanes } => {
                    if before.is_some() {
                        notices.push(Notice::Ended(id));
                        ready += if keeps_lanes { 0 } else { self.queue.remove(id) };
                    }
                    read_model.remove(id);
                    notices.push(Notice::Gone(id));
                }
            }
        }
        ready += batch.freed.into_iter().map(|id| self.queue.remove(id)).sum::<usize>();
        self.retention.compact(self.counts.tasks, |id| read_model.contains(id));
        notices.extend(work(ready));
        notices
    }

    /// Keeps the requests of a batch for a store that keeps them nowhere else, and drops expired ones.
    pub(in crate::store) fn keep_requests(&mut self, batch: &mut Batch) {
        self.requests.extend(std::mem::take(&mut batch.requests));
        if batch.expires_requests {
            self.requests.retain(|_, request| request.is_kept_at(batch.moment.now));
            batch.counts.requests = self.requests.len();
        }
    }

    /// So many requests have expired that are kept elsewhere.
    pub(in crate::store) fn count_expired(&mut self, requests: usize) {
        self.counts.requests = self.counts.requests.saturating_sub(requests);
    }

    /// Moves the task in the queue and in its lanes; how many tasks this has made ready.
    fn merge_lanes(&mut self, before: Option<&ActiveTask>, task: &ActiveTask) -> usize {
        let (was, id) = (before.map(|task| task.state.status()), task.id());
        if before.is_some_and(|before| before.key() != task.key()) || task.state.keeps_lanes {
            // The attempt that waits for a lane is over.
            self.queue.stop_entering(id);
        }
        match (was, task.state.status()) {
            (None, Status::Waiting) => usize::from(self.push(task)),
            (Some(_), Status::Waiting) => self.queue.remove(id) + usize::from(self.push(task)),
            (Some(Status::Waiting), Status::Running) => {
                self.queue.take(id);
                0
            }
            (_, Status::Running) => 0,
            _ if task.state.keeps_lanes => 0,
            _ => self.queue.remove(id),
        }
    }
}

/// The notices of a change.
fn announce(before: Option<&ActiveTask>, after: &ActiveTask, notices: &mut Vec<Notice>) {
    let (id, record) = (after.id(), &after.state.record);
    if before.is_some_and(|before| Arc::ptr_eq(&before.state.record, record)) {
        return;
    }
    notices.push(Notice::Changed(id));
    if record.task.status.has_ended() {
        notices.push(Notice::Ended(id));
    } else if record.cancel_requested && !before.is_some_and(|before| before.state.record.cancel_requested) {
        notices.push(Notice::CancelRequested(id));
    }
}

fn work(ready: usize) -> Option<Notice> {
    (ready > 0).then_some(Notice::Work(ready))
}
