//! Claims that do not wait for a disk, and tasks whose worker is gone.

use super::{ActiveTask, Machine, Moment};
use crate::store::{Claimed, Notice, Orphan, TaskCommand, read_model::ReadModel, step};

/// What could be claimed in memory.
pub(in crate::store) enum Claims {
    /// These tasks, perhaps none.
    Made(Vec<Claimed>, Vec<Notice>),
    /// The next task was restored: its claim has to be durable before it runs.
    MustBeDurable,
}

impl Machine {
    /// Claims up to `max` tasks of these kinds at once. A crash that forgets the claims makes the tasks wait again; nothing is
    /// published by then, because a seal is durable.
    pub(in crate::store) fn claim(
        &mut self,
        kinds: &[&str],
        max: usize,
        moment: Moment,
        read_model: &ReadModel,
    ) -> Claims {
        let (mut claims, mut notices) = (Vec::new(), Vec::new());
        while claims.len() < max
            && let Some(id) = self.queue.next(kinds, |_| false)
            && let Some(task) = self.active.get(&id)
        {
            if task.restored {
                if claims.is_empty() {
                    return Claims::MustBeDurable;
                }
                break;
            }
            let Ok(state) = step(&task.state, &TaskCommand::Start, moment.now) else { break };
            let task = ActiveTask { state, ..task.clone() };
            self.queue.take(id);
            self.unwritten.insert(id);
            read_model.put(task.state.record.clone());
            notices.push(Notice::Changed(id));
            claims.push(task.claimed());
            self.active.insert(id, task);
        }
        Claims::Made(claims, notices)
    }

    /// The tasks that ran when the process before this one ended, each under a new fence; returned once.
    pub(in crate::store) fn recover(&mut self, moment: Moment) -> Vec<Orphan> {
        let mut orphans = Vec::new();
        for id in std::mem::take(&mut self.orphans) {
            let Some(task) = self.active.get_mut(&id) else { continue };
            let Ok(state) = step(&task.state, &TaskCommand::Adopt, moment.now) else { continue };
            task.state = state;
            orphans.push(Orphan {
                claimed: task.claimed(),
                interruptions: task.state.record.interruptions,
                cancel_requested: task.state.record.cancel_requested,
                seal: task.state.seal.clone(),
            });
        }
        orphans
    }
}
