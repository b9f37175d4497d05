//! Giving tasks out to run.

use std::path::PathBuf;

use super::{Board, Change, Life, Moment, News};
use crate::{
    Status, TaskId,
    store::{Claimed, Notice, Orphan, SealedEffect},
};

/// Whether there is something to run.
pub(in crate::store) enum Claim {
    Nothing,
    /// The next one has to be claimed on the disk first.
    OnDisk,
    Got(Claimed),
}

impl Board {
    /// How many tasks may be claimed now.
    pub(in crate::store) fn ready(&self) -> usize {
        self.queue.ready()
    }

    /// Takes the next task at once: a crash that forgets it makes the task wait again, or forgets the task, too. What must not
    /// be forgotten is claimed [on the disk](Self::claim_on_disk).
    pub(in crate::store) fn claim(&mut self, moment: Moment) -> (Claim, News) {
        let Some(id) = self.queue.next() else { return (Claim::Nothing, News::default()) };
        if self.lives.get(&id).is_some_and(|life| life.is_veteran) {
            return (Claim::OnDisk, News::default());
        }
        let Some(life) = self.take_next(moment) else { return (Claim::Nothing, News::default()) };
        let claimed = life.claimed();
        let is_visible = !self.batch.before.contains_key(&id);
        let news = match is_visible {
            true => (vec![Change::Put(life.record.clone())], vec![Notice::Changed(id)]),
            false => News::default(),
        };
        self.lives.insert(id, life);
        self.unwritten.insert(id);
        (Claim::Got(claimed), news)
    }

    /// Takes the next task as a wish like others, to be settled or undone.
    pub(in crate::store) fn claim_on_disk(&mut self, moment: Moment) -> Option<Claimed> {
        let life = self.take_next(moment)?;
        let claimed = life.claimed();
        self.alter(claimed.id, Some(life));
        Some(claimed)
    }

    /// Whether the attempt goes on: not if its task was undone.
    pub(in crate::store) fn stands(&self, id: TaskId, attempt: u32) -> bool {
        self.running(id, attempt).is_ok()
    }

    fn take_next(&mut self, moment: Moment) -> Option<Life> {
        let id = self.queue.pop()?;
        let mut life = self.lives.get(&id)?.clone();
        life.change(|record| {
            let task = &mut record.task;
            task.attempt += 1;
            task.status = Status::Running;
            task.started = Some(moment.now.max(task.created));
        });
        Some(life)
    }

    /// The files of all that has not ended.
    pub(in crate::store) fn files(&self) -> Vec<PathBuf> {
        self.lives.values().flat_map(|life| life.files.iter().cloned()).collect()
    }

    /// What was running when the program before this one ended; said once.
    pub(in crate::store) fn take_orphans(&mut self) -> Vec<Orphan> {
        let orphans = std::mem::take(&mut self.orphans);
        let lives = orphans.iter().filter_map(|id| self.lives.get(id));
        lives
            .map(|life| Orphan {
                claimed: life.claimed(),
                cut_short: life.record.task.attempt,
                interruptions: life.record.interruptions,
                cancel_requested: life.record.cancel_requested,
                sealed: life.sealed.as_ref().map(|seal| SealedEffect {
                    intent: seal.intent.clone(),
                    download: seal.download.clone(),
                }),
            })
            .collect()
    }
}
