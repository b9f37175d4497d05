//! What filters ask of a task, in a few bytes.

use super::words::{Word, Words};
use crate::{Filter, Status, Task, store::nanoseconds};

/// One task, as far as filters ask.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) id: u64,
    /// In nanoseconds since 1970.
    pub(super) created: i64,
    pub(super) kind: Word,
    pub(super) subject: Word,
    pub(super) owner: Word,
    pub(super) status: Status,
}

impl Row {
    pub(super) fn new(task: &Task, kind: Word, subject: Word, owner: Word) -> Self {
        let created = nanoseconds(task.created);
        Self { id: task.id.0, created, kind, subject, owner, status: task.status }
    }
}

/// A filter, ready to be asked of many rows.
pub(in crate::store) struct Sieve {
    statuses: [bool; Status::ALL.len()],
    kind: Wanted,
    subject: Wanted,
    within: Option<Vec<Word>>,
    owner: Wanted,
    since: i64,
    before: Option<i64>,
}

enum Wanted {
    Any,
    One(Word),
    /// A word that no task has.
    Unheard,
}

impl Sieve {
    pub(super) fn new(filter: &Filter, words: &Words) -> Self {
        let wanted = |word: &Option<String>| match word {
            None => Wanted::Any,
            Some(word) => words.find(Some(word)).map_or(Wanted::Unheard, Wanted::One),
        };
        let known = |within: &Vec<String>| within.iter().filter_map(|word| words.find(Some(word))).collect();
        Self {
            statuses: Status::ALL.map(|status| filter.status.is_empty() || filter.status.contains(&status)),
            kind: wanted(&filter.kind),
            subject: wanted(&filter.subject),
            within: filter.within.as_ref().map(known),
            owner: wanted(&filter.owner),
            since: filter.since.map_or(i64::MIN, nanoseconds),
            before: filter.before.map(nanoseconds),
        }
    }

    /// Whether nothing can pass, whatever comes.
    pub(in crate::store) fn is_shut(&self) -> bool {
        let is_unheard = |wanted: &Wanted| matches!(wanted, Wanted::Unheard);
        [&self.kind, &self.subject, &self.owner].into_iter().any(is_unheard)
            || self.within.as_ref().is_some_and(Vec::is_empty)
    }

    pub(super) fn lets_through(&self, row: &Row) -> bool {
        self.statuses[row.status as usize]
            && self.kind.is(row.kind)
            && self.subject.is(row.subject)
            && self.owner.is(row.owner)
            && row.created >= self.since
            && self.before.is_none_or(|before| row.created < before)
            && self.within.as_ref().is_none_or(|within| within.contains(&row.subject))
    }
}

impl Wanted {
    fn is(&self, word: Word) -> bool {
        match self {
            Self::Any => true,
            Self::One(wanted) => *wanted == word,
            Self::Unheard => false,
        }
    }
}
