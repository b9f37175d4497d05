//! Problems in the data that do not stop its import, counted and listed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::EntityKind;

/// How many ids are listed for each warning.
const MAX_LISTED_IDS: usize = 3;

/// Warnings by message and entity type. Each thread collects its own; they are merged at the end.
#[derive(Clone, Debug, Default)]
pub struct Warnings(BTreeMap<(Cow<'static, str>, EntityKind), Warning>);

/// A problem that some entities have.
#[derive(Clone, Debug, Default)]
pub struct Warning {
    /// How often it occurred.
    pub count: u64,
    /// The lowest ids of entities that have it, at most 3.
    pub ids: BTreeSet<i64>,
    /// Whether it says what was left out, so that an import lacks it.
    pub is_loss: bool,
}

impl Warnings {
    /// Counts a problem of an entity. `what` is the predicate of a sentence about it: `refers to missing nodes`.
    pub fn add(&mut self, what: impl Into<Cow<'static, str>>, kind: EntityKind, id: i64) {
        self.0.entry((what.into(), kind)).or_default().add(id);
    }

    /// As [`Self::add`], for what is left out of an entity, or an entity that is left out.
    pub fn add_loss(&mut self, what: impl Into<Cow<'static, str>>, kind: EntityKind, id: i64) {
        let warning = self.0.entry((what.into(), kind)).or_default();
        warning.add(id);
        warning.is_loss = true;
    }

    /// Adds the warnings that another thread collected.
    pub fn merge(&mut self, other: Self) {
        for (what, warning) in other.0 {
            self.0.entry(what).or_default().merge(warning);
        }
    }

    /// Whether there are no warnings.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How often `what` was counted for entities of a type.
    pub fn count(&self, what: &str, kind: EntityKind) -> u64 {
        let found = self.0.iter().find(|((other, of), _)| other == what && *of == kind);
        found.map_or(0, |(_, warning)| warning.count)
    }

    /// A message for each warning: `176 × way refers to nodes that are not there: 4097656, 4097657, 4097658 and 173 more`.
    pub fn messages(&self) -> impl Iterator<Item = String> {
        self.iter().map(|(message, _)| message)
    }

    /// A message for each warning, with the warning.
    pub fn iter(&self) -> impl Iterator<Item = (String, &Warning)> {
        self.0.iter().map(|((what, kind), warning)| (warning.message(what, *kind), warning))
    }
}

impl Warning {
    fn add(&mut self, id: i64) {
        self.count += 1;
        if self.ids.len() < MAX_LISTED_IDS {
            self.ids.insert(id);
        } else if self.ids.last().is_some_and(|last| id < *last) && self.ids.insert(id) {
            self.ids.pop_last();
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.is_loss |= other.is_loss;
        self.ids.extend(other.ids);
        while self.ids.len() > MAX_LISTED_IDS {
            self.ids.pop_last();
        }
    }

    fn message(&self, what: &str, kind: EntityKind) -> String {
        let ids: Vec<String> = self.ids.iter().map(ToString::to_string).collect();
        let rest = self.count.saturating_sub(ids.len() as u64);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        format!("{} × {} {what}: {}{more}", self.count, kind.as_str(), ids.join(", "))
    }
}
