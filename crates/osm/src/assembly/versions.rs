//! Which of several versions of an entity counts.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::Interrupter;
use crate::{Entity, Error, Position};

/// How many versions are looked at between two questions whether to go on.
const INTERRUPT_CHECK_INTERVAL: usize = 4096;

/// One version of an entity that was put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntityVersion {
    pub(super) id: i64,
    /// Zero where it is not known.
    pub(super) number: u32,
    pub(super) visible: bool,
    /// Of a node.
    pub(super) position: Position,
}

/// The versions of a part of what was put aside, sorted.
#[derive(Debug)]
pub(super) struct SortedVersions(Vec<(EntityVersion, u32)>);

/// Which entities of what was put aside count: for each part a bit for each of them.
#[derive(Debug, Default)]
pub(super) struct CurrentVersions(Vec<Vec<u64>>);

impl EntityVersion {
    pub(super) fn of(entity: &Entity<'_>) -> Self {
        let info = entity.info();
        let position = match entity {
            Entity::Node(node) => node.position,
            _ => Position::default(),
        };
        Self { id: entity.id(), number: info.version.unwrap_or(0), visible: info.visible, position }
    }
}

impl SortedVersions {
    /// Of the entities of a part, in their order.
    pub(super) fn new(versions: impl Iterator<Item = EntityVersion>) -> Self {
        let mut list: Vec<_> = versions.zip(0..).collect();
        list.sort_unstable_by_key(|(version, at)| (version.id, version.number, *at));
        Self(list)
    }
}

impl CurrentVersions {
    pub(super) fn holds(&self, part: usize, at: usize) -> bool {
        let words = self.0.get(part).map_or(&[][..], Vec::as_slice);
        words.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    fn insert(&mut self, part: usize, at: u32) {
        let at = at as usize;
        let words = &mut self.0[part];
        words.resize(words.len().max(at / 64 + 1), 0);
        words[at / 64] |= 1 << (at % 64);
    }
}

/// Of the versions of each entity the one that counts, by ascending ids; `accept` says whether it becomes a winner.
/// The parts must stand in the order in which they were read.
pub(super) fn resolve_versions(
    parts: &[SortedVersions],
    interrupter: &Interrupter,
    mut accept: impl FnMut(usize, u32, EntityVersion) -> Result<bool, Error>,
) -> Result<CurrentVersions, Error> {
    let mut current = CurrentVersions(parts.iter().map(|_| Vec::new()).collect());
    let mut winner: Option<(usize, u32, EntityVersion)> = None;
    let mut settle = |winner: Option<(usize, u32, EntityVersion)>| match winner {
        Some((part, at, version)) if accept(part, at, version)? => {
            current.insert(part, at);
            Ok::<_, Error>(())
        }
        _ => Ok(()),
    };
    for (count, next) in Merge::new(parts).enumerate() {
        if count % INTERRUPT_CHECK_INTERVAL == 0 {
            interrupter.check()?;
        }
        // The merge yields the versions of one entity in a row, and the one that counts last.
        if winner.is_some_and(|(_, _, version)| version.id != next.2.id) {
            settle(winner.take())?;
        }
        winner = Some(next);
    }
    settle(winner)?;
    Ok(current)
}

/// All versions, sorted by id, number and where they were read.
struct Merge<'a> {
    parts: &'a [SortedVersions],
    /// The next version of each part: its id and number, its part, and where it stands there.
    heads: BinaryHeap<Reverse<(i64, u32, usize, usize)>>,
}

impl<'a> Merge<'a> {
    fn new(parts: &'a [SortedVersions]) -> Self {
        let mut merge = Self { parts, heads: BinaryHeap::with_capacity(parts.len()) };
        (0..parts.len()).for_each(|part| merge.put_back(part, 0));
        merge
    }

    fn put_back(&mut self, part: usize, place: usize) {
        if let Some((version, _)) = self.parts[part].0.get(place) {
            self.heads.push(Reverse((version.id, version.number, part, place)));
        }
    }
}

impl Iterator for Merge<'_> {
    type Item = (usize, u32, EntityVersion);

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((_, _, part, place)) = self.heads.pop()?;
        let (version, at) = self.parts[part].0[place];
        self.put_back(part, place + 1);
        Some((part, at, version))
    }
}
