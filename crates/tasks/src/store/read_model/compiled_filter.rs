//! What filters ask of a task, in a few bytes, and a filter that is ready to be asked of many tasks.

use std::sync::Arc;

use super::interner::{Interner, NameId};
use crate::{Filter, Status, Task, TaskId, store::nanoseconds};

/// One task, as far as filters ask. It holds a reference to each of its names.
#[derive(Clone, Copy)]
pub(super) struct FilterRow {
    pub(super) id: u64,
    /// In nanoseconds since 1970.
    pub(super) created: i64,
    pub(super) kind: NameId,
    pub(super) subject: NameId,
    pub(super) owner: NameId,
    pub(super) status: Status,
}

/// What a row is made of.
pub(in crate::store) struct TaskSummary<'a> {
    pub(in crate::store) id: TaskId,
    /// In nanoseconds since 1970.
    pub(in crate::store) created: i64,
    pub(in crate::store) kind: &'a str,
    pub(in crate::store) subject: Option<&'a str>,
    pub(in crate::store) owner: Option<&'a str>,
    pub(in crate::store) status: Status,
}

impl<'a> TaskSummary<'a> {
    pub(super) fn of(task: &'a Task) -> Self {
        Self {
            id: task.id,
            created: nanoseconds(task.created),
            kind: &task.kind,
            subject: task.subject.as_deref(),
            owner: task.owner.as_deref(),
            status: task.status,
        }
    }
}

impl FilterRow {
    pub(super) fn new(task: TaskSummary<'_>, names: &Interner) -> Self {
        Self {
            id: task.id.0,
            created: task.created,
            kind: names.acquire(Some(task.kind)),
            subject: names.acquire(task.subject),
            owner: names.acquire(task.owner),
            status: task.status,
        }
    }

    /// Gives its references back.
    pub(super) fn release(self, names: &Interner) {
        [self.kind, self.subject, self.owner].into_iter().for_each(|id| names.release(id));
    }
}

/// A filter whose names are looked up already. It holds a reference to each, so that no number comes to mean another name while
/// tasks are read.
pub(super) struct CompiledFilter {
    names: Arc<Interner>,
    statuses: [bool; Status::ALL.len()],
    kind: Condition,
    subject: Condition,
    within: Option<Vec<NameId>>,
    owner: Condition,
    since: i64,
    before: Option<i64>,
}

enum Condition {
    Any,
    Is(NameId),
    /// It asks for a name that no task has.
    Never,
}

impl CompiledFilter {
    pub(super) fn new(filter: &Filter, names: &Arc<Interner>) -> Self {
        let condition = |name: &Option<String>| match name {
            None => Condition::Any,
            Some(name) => names.acquire_known(name).map_or(Condition::Never, Condition::Is),
        };
        let known =
            |within: &Vec<String>| within.iter().filter_map(|name| names.acquire_known(name)).collect();
        Self {
            statuses: Status::ALL.map(|status| filter.status.is_empty() || filter.status.contains(&status)),
            kind: condition(&filter.kind),
            subject: condition(&filter.subject),
            within: filter.within.as_ref().map(known),
            owner: condition(&filter.owner),
            since: filter.since.map_or(i64::MIN, nanoseconds),
            before: filter.before.map(nanoseconds),
            names: names.clone(),
        }
    }

    /// Whether no task can pass.
    pub(super) fn is_empty(&self) -> bool {
        let is_never = |condition: &Condition| matches!(condition, Condition::Never);
        [&self.kind, &self.subject, &self.owner].into_iter().any(is_never)
            || self.within.as_ref().is_some_and(Vec::is_empty)
    }

    pub(super) fn passes(&self, row: &FilterRow) -> bool {
        self.statuses[row.status as usize]
            && self.kind.holds(row.kind)
            && self.subject.holds(row.subject)
            && self.owner.holds(row.owner)
            && row.created >= self.since
            && self.before.is_none_or(|before| row.created < before)
            && self.within.as_ref().is_none_or(|within| within.contains(&row.subject))
    }
}

impl Drop for CompiledFilter {
    fn drop(&mut self) {
        for condition in [&self.kind, &self.subject, &self.owner] {
            if let Condition::Is(id) = condition {
                self.names.release(*id);
            }
        }
        self.within.iter().flatten().for_each(|id| self.names.release(*id));
    }
}

impl Condition {
    fn holds(&self, id: NameId) -> bool {
        match self {
            Self::Any => true,
            Self::Is(wanted) => *wanted == id,
            Self::Never => false,
        }
    }
}
