//! Which entities a rule takes.

use crate::Tags;

/// What a rule asks of an entity.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// One of these must hold; if there is none, nothing need hold.
    pub(super) wanted: Vec<Condition>,
    /// None of these may hold.
    pub(super) unwanted: Vec<Condition>,
    /// These tags must be there, whatever they say.
    pub(super) mandatory: Vec<String>,
    pub(super) closing: Closing,
}

/// Something that holds or does not hold for a tag.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) tag: String,
    /// The values for which it holds; any, if there is none.
    pub(super) values: Vec<String>,
}

/// Which ways are meant. A way is closed if it ends with the node that it begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Closing {
    #[default]
    All,
    Open,
    Closed,
}

impl Filter {
    pub(super) fn takes_node(&self, tags: Tags<'_>) -> bool {
        self.takes(tags)
    }

    /// `refs` are the ids of the way's nodes.
    pub(super) fn takes_way(&self, tags: Tags<'_>, refs: &[i64]) -> bool {
        let is_closed = refs.len() > 1 && refs.first() == refs.last();
        let fits = match self.closing {
            Closing::All => true,
            Closing::Open => !is_closed,
            Closing::Closed => is_closed,
        };
        fits && self.takes(tags)
    }

    fn takes(&self, tags: Tags<'_>) -> bool {
        let holds = |condition: &Condition| condition.holds(tags);
        (self.wanted.is_empty() || self.wanted.iter().any(holds))
            && !self.unwanted.iter().any(holds)
            && self.mandatory.iter().all(|tag| tags.get(tag).is_some())
    }
}

impl Condition {
    fn holds(&self, tags: Tags<'_>) -> bool {
        tags.get(&self.tag)
            .is_some_and(|value| self.values.is_empty() || self.values.iter().any(|one| one == value))
    }
}
