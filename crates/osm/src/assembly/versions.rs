//! Determines which of several versions of an entity is used.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{content::fingerprint, interrupter::Interrupter};
use crate::{
    Entities, EntityKind, Error, Position, Warnings,
    entities::{EntityData, EntityRecord},
    warning_texts,
};

/// How many versions are compared between two checks of the interrupter.
const INTERRUPT_CHECK_INTERVAL: usize = 4096;

/// One version of an entity in a spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntityVersion {
    pub(super) id: i64,
    /// Zero if it is not known.
    pub(super) number: u32,
    pub(super) visible: bool,
    /// The position of a node, unless it was deleted or lies beyond the Earth.
    pub(super) position: Option<Position>,
    /// The [fingerprint] of its tags and references.
    pub(super) fingerprint: u64,
}

/// The versions in one part of a spool, sorted by id, number and position in the part.
#[derive(Debug)]
pub(super) struct SortedVersions(Vec<(EntityVersion, u32)>);

/// The set of entities in a spool whose version is used: for each part a bit set over the entities of the part.
#[derive(Debug, Default)]
pub(super) struct CurrentVersions(Vec<Vec<u64>>);

impl EntityVersion {
    fn of(texts: &str, record: &EntityRecord, data: EntityData<'_>) -> Self {
        let EntityRecord { id, version, visible, position, .. } = *record;
        let fingerprint = fingerprint(texts, data);
        Self { id, number: version.unwrap_or(0), visible, position, fingerprint }
    }

    /// Whether the other version has another content, in spite of the same id and number.
    fn contradicts(&self, other: &Self) -> bool {
        (self.id, self.number) == (other.id, other.number) && self != other
    }
}

impl SortedVersions {
    /// The versions of the entities of a type.
    pub(super) fn of(entities: &Entities, kind: EntityKind) -> Self {
        let of_kind = entities.records_with_data().filter(|(record, _)| record.kind == kind);
        let of_kind = of_kind.map(|(record, data)| EntityVersion::of(entities.texts(), record, data));
        let mut versions: Vec<_> = of_kind.zip(0..).collect();
        versions.sort_unstable_by_key(|(version, index)| (version.id, version.number, *index));
        Self(versions)
    }
}

impl CurrentVersions {
    /// Whether the entity at `index` of a part is in the set.
    pub(super) fn contains(&self, part: usize, index: usize) -> bool {
        let words = self.0.get(part).map_or(&[][..], Vec::as_slice);
        words.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    fn insert(&mut self, part: usize, index: u32) {
        let index = index as usize;
        let words = &mut self.0[part];
        words.resize(words.len().max(index / 64 + 1), 0);
        words[index / 64] |= 1 << (index % 64);
    }
}

/// Selects one version of each entity, in ascending order of the ids. `accept` gets the part and the selected version, and
/// decides whether the version is used. The parts must be in the order in which they were read.
pub(super) fn resolve_versions(
    parts: &[SortedVersions],
    kind: EntityKind,
    interrupter: &Interrupter,
    warnings: &mut Warnings,
    mut accept: impl FnMut(usize, EntityVersion) -> Result<bool, Error>,
) -> Result<CurrentVersions, Error> {
    let mut current = CurrentVersions(parts.iter().map(|_| Vec::new()).collect());
    let mut candidate: Option<(usize, u32, EntityVersion)> = None;
    let mut select = |candidate: Option<(usize, u32, EntityVersion)>| match candidate {
        Some((part, index, version)) if accept(part, version)? => {
            current.insert(part, index);
            Ok::<_, Error>(())
        }
        _ => Ok(()),
    };
    for (count, next) in MergedVersions::new(parts).enumerate() {
        if count % INTERRUPT_CHECK_INTERVAL == 0 {
            interrupter.check()?;
        }
        // The versions of one entity come in succession, and the last of them is the one to use.
        if candidate.is_some_and(|(_, _, version)| version.id != next.2.id) {
            select(candidate.take())?;
        }
        if candidate.is_some_and(|(_, _, version)| version.contradicts(&next.2)) {
            warnings.add_loss(warning_texts::DIFFERENT_CONTENTS, kind, next.2.id);
        }
        candidate = Some(next);
    }
    select(candidate)?;
    Ok(current)
}

/// Merges the versions of all parts, sorted by id, number and the order in which they were read.
struct MergedVersions<'a> {
    parts: &'a [SortedVersions],
    /// The next version of each part: its id, its number, its part, and its index among the sorted versions of the part.
    heads: BinaryHeap<Reverse<(i64, u32, usize, usize)>>,
}

impl<'a> MergedVersions<'a> {
    fn new(parts: &'a [SortedVersions]) -> Self {
        let mut merged = Self { parts, heads: BinaryHeap::with_capacity(parts.len()) };
        (0..parts.len()).for_each(|part| merged.push_head(part, 0));
        merged
    }

    fn push_head(&mut self, part: usize, sorted_index: usize) {
        if let Some((version, _)) = self.parts[part].0.get(sorted_index) {
            self.heads.push(Reverse((version.id, version.number, part, sorted_index)));
        }
    }
}

impl Iterator for MergedVersions<'_> {
    /// The part, the index in the part, and the version.
    type Item = (usize, u32, EntityVersion);

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((_, _, part, sorted_index)) = self.heads.pop()?;
        let (version, index) = self.parts[part].0[sorted_index];
        self.push_head(part, sorted_index + 1);
        Some((part, index, version))
    }
}
