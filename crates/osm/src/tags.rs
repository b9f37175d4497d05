//! The tags of an entity.

use std::fmt;

/// The longest key and the longest value, in bytes. OpenStreetMap allows 255 characters. Without a limit a small
/// malicious file could expand to terabytes, by using one long text in each of its entities.
pub(crate) const MAX_TEXT_BYTES: u32 = 64 << 10;

/// Keys and values, sorted by key. Keys are unique and not empty.
#[derive(Clone, Copy)]
pub struct Tags<'a> {
    texts: &'a str,
    tags: &'a [Tag],
}

/// One tag, as spans of a text buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tag {
    pub(crate) key: TextSpan,
    pub(crate) value: TextSpan,
}

/// A range of bytes in a text buffer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TextSpan {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl<'a> Tags<'a> {
    /// The tags must be [normalized](normalize).
    pub(crate) fn new(texts: &'a str, tags: &'a [Tag]) -> Self {
        Self { texts, tags }
    }

    /// The value of a key.
    pub fn get(self, key: &str) -> Option<&'a str> {
        // Entities have few tags, for which a linear search is faster than a binary search.
        self.iter().find(|(other, _)| *other == key).map(|(_, value)| value)
    }

    /// The keys with their values, in order of the keys.
    pub fn iter(self) -> impl ExactSizeIterator<Item = (&'a str, &'a str)> {
        self.tags.iter().map(move |tag| (tag.key.of(self.texts), tag.value.of(self.texts)))
    }

    /// The number of tags.
    pub fn len(self) -> usize {
        self.tags.len()
    }

    /// Whether there are no tags.
    pub fn is_empty(self) -> bool {
        self.tags.is_empty()
    }
}

impl TextSpan {
    pub(crate) fn of(self, texts: &str) -> &str {
        &texts[self.start as usize..][..self.len as usize]
    }
}

/// What [`normalize`] has removed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RemovedTags {
    pub(crate) has_empty_key: bool,
    pub(crate) has_repeated_key: bool,
}

/// Sorts the tags from index `start` on by key, removes empty keys, and keeps the last value of a repeated key.
pub(crate) fn normalize(texts: &str, tags: &mut Vec<Tag>, start: usize) -> RemovedTags {
    let new = &tags[start..];
    let is_tidy = new.first().is_none_or(|tag| tag.key.len > 0)
        && new.is_sorted_by(|a, b| a.key.of(texts) < b.key.of(texts));
    if is_tidy {
        return RemovedTags::default();
    }
    let mut new = tags.split_off(start);
    let count = new.len();
    new.retain(|tag| tag.key.len > 0);
    let with_key = new.len();
    // The sort is stable: after the reversal the last of equal keys comes first and is the one that dedup keeps.
    new.reverse();
    new.sort_by(|a, b| a.key.of(texts).cmp(b.key.of(texts)));
    new.dedup_by(|later, first| later.key.of(texts) == first.key.of(texts));
    let removed = RemovedTags { has_empty_key: with_key < count, has_repeated_key: new.len() < with_key };
    tags.append(&mut new);
    removed
}

impl PartialEq for Tags<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Tags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
