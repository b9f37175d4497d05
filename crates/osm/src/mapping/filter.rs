//! The filter of a rule, which selects entities by their tags.

use crate::Tags;

/// The conditions that an entity must meet.
#[derive(Debug, Default)]
pub(super) struct RuleFilter {
    /// At least one of these must match, unless the list is empty.
    pub(super) include: Vec<TagCondition>,
    /// None of these may match.
    pub(super) exclude: Vec<TagCondition>,
    /// The entity must have these tags, with any value.
    pub(super) required_tags: Vec<String>,
    pub(super) way_shape: WayShape,
}

/// A condition on one tag.
#[derive(Debug)]
pub(super) struct TagCondition {
    pub(super) tag: String,
    /// The values that match. If the list is empty, every value matches.
    pub(super) values: Vec<String>,
}

/// Whether open or closed ways match. A way is closed if its last node is its first.
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

    /// `refs` are the ids of the nodes of the way.
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
