//! Compares the contents of two versions of an entity without keeping them.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::entities::EntityData;

/// A number that is the same for equal tags and references, and almost certainly another for others. Zero for none.
pub(super) fn fingerprint(texts: &str, data: EntityData<'_>) -> u64 {
    if data.tags.is_empty() && data.refs.is_empty() {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    for tag in data.tags {
        (tag.key.of(texts), tag.value.of(texts)).hash(&mut hasher);
    }
    data.refs.hash(&mut hasher);
    hasher.finish().max(1)
}
