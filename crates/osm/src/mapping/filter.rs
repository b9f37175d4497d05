//! Which entities a rule takes.

use crate::Tags;

/// What a rule asks of an entity.
#[derive(Debug, Default)]
pub(super) struct RuleFilter {
    /// One of these must hold; if there is none, nothing need hold.
    pub(super) include: Vec<TagCondition>,
    /// None of these may hold.
    pub(super) exclude: Vec<TagCondition>,
    /// These tags must be there, whatever they say.
    pub(super) required_tags: Vec<String>,
    pub(super) way_shape: WayShape,
}

/// Something that holds or does not hold for a tag.
#[derive(Debug)]
pub(super) struct TagCondition {
    pub(super) tag: String,
    /// The values for which it holds; any, if there is none.
    pub(super) values: Vec<String>,
}

/// Which ways are meant. A way is closed if it ends with the node that it begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum WayShape {
    #[default]
    All,
    Open,
    Closed,
}

impl RuleFilter {
    pub(super) fn matches_node(&self, tags: Tags<'_>) -> bool {
        self.matches_tags(tags)
    }

    /// `refs` are the ids of the way's nodes.
    pub(super) fn matches_way(&self, tags: Tags<'_>, refs: &[i64]) -> bool {
        let is_closed = refs.len() > 1 && refs.first() == refs.last();
        let fits = match self.way_shape {
            WayShape::All => true,
            WayShape::Open => !is_closed,
            WayShape::Closed => is_closed,
        };
        fits && self.matches_tags(tags)
    }

    fn matches_tags(&self, tags: Tags<'_>) -> bool {
        let matches = |condition: &TagCondition| condition.matches(tags);
        (self.include.is_empty() || self.include.iter().any(matches))
            && !self.exclude.iter().any(matches)
            && self.required_tags.iter().all(|tag| tags.get(tag).is_some())
    }
}

impl TagCondition {
    fn matches(&self, tags: Tags<'_>) -> bool {
        tags.get(&self.tag)
            .is_some_and(|value| self.values.is_empty() || self.values.iter().any(|one| one == value))
    }
}
