//! What is not as it should be in the data, counted and listed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::EntityKind;

/// How many ids of each kind of oddity are listed.
const MOST_LISTED: usize = 100;

/// Oddities by what they are. Threads gather their own, which are merged at the end.
#[derive(Clone, Debug, Default)]
pub struct Oddities(BTreeMap<(Cow<'static, str>, EntityKind), Oddity>);

/// One thing that is odd about some entities.
#[derive(Clone, Debug, Default)]
pub struct Oddity {
    /// How often it was met.
    pub count: u64,
    /// The lowest ids of entities that have it, at most a hundred of them.
    pub ids: BTreeSet<i64>,
}

impl Oddities {
    /// Notes that `what` holds for an entity, in words that go on after its name: `refers to missing nodes`.
    pub fn note(&mut self, what: impl Into<Cow<'static, str>>, kind: EntityKind, id: i64) {
        self.0.entry((what.into(), kind)).or_default().add(id);
    }

    /// Takes over what another thread gathered.
    pub fn merge(&mut self, other: Self) {
        for (what, oddity) in other.0 {
            self.0.entry(what).or_default().merge(oddity);
        }
    }

    /// Whether all is as it should be.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How often `what` was noted of entities of a kind.
    pub fn count(&self, what: &str, kind: EntityKind) -> u64 {
        let found = self.0.iter().find(|((other, of), _)| other == what && *of == kind);
        found.map_or(0, |(_, oddity)| oddity.count)
    }

    /// A sentence for each: `176 ways refer to missing nodes: 4097656, 4097657 and 174 more`.
    pub fn sentences(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|((what, kind), oddity)| oddity.sentence(what, *kind))
    }
}

impl Oddity {
    fn add(&mut self, id: i64) {
        self.count += 1;
        if self.ids.len() < MOST_LISTED {
            self.ids.insert(id);
        } else if self.ids.last().is_some_and(|last| id < *last) && self.ids.insert(id) {
            self.ids.pop_last();
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.ids.extend(other.ids);
        while self.ids.len() > MOST_LISTED {
            self.ids.pop_last();
        }
    }

    fn sentence(&self, what: &str, kind: EntityKind) -> String {
        let ids: Vec<String> = self.ids.iter().map(ToString::to_string).collect();
        let rest = self.count.saturating_sub(ids.len() as u64);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        format!("{} × {} {what}: {}{more}", self.count, kind.as_str(), ids.join(", "))
    }
}
