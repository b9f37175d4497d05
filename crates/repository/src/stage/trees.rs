//! The trees above the features, from the leaves up.

use std::{collections::HashSet, thread};

use super::{
    StageError,
    places::{LeafScratch, Places},
};
use crate::{
    Interrupter,
    dataset::{
        place::{DIGITS, LEVELS},
        tree::{Entry, Mode, encode, write_line},
    },
    object::{Id, Kind, id_of},
    pack::{Inlet, PackWriter},
};

/// Writes the tree of all features, leaving out trees that are `known`; nothing for no features.
pub(super) fn build(
    places: &Places,
    known: &HashSet<Id>,
    pack: &PackWriter,
    inlet: &mut Inlet,
    interrupter: &Interrupter,
) -> Result<Option<Id>, StageError> {
    let mut level = leaves(places, known, pack, interrupter)?;
    let Some(_) = level.first() else { return Ok(None) };
    for _ in 0..LEVELS {
        level = level
            .chunk_by(|a, b| a.0 >> 6 == b.0 >> 6)
            .map(|children| {
                let entries = children.iter().map(|(tree, id)| {
                    let digit = DIGITS[(tree & 63) as usize];
                    Entry::tree([digit], *id)
                });
                let id = add_new(inlet, known, &encode(entries.collect()))?;
                Ok((children[0].0 >> 6, id))
            })
            .collect::<Result<_, StageError>>()?;
    }
    Ok(level.first().map(|(_, id)| *id))
}

/// How many trees [`build`] writes if none is known.
pub(super) fn count(places: &Places) -> u32 {
    let mut counts = [0; LEVELS + 1];
    let mut before: Option<u32> = None;
    for leaf in places.leaves() {
        for (level, count) in counts.iter_mut().enumerate() {
            let bits = 6 * level as u32;
            if before.is_none_or(|before| before >> bits != leaf.tree >> bits) {
                *count += 1;
            }
        }
        before = Some(leaf.tree);
    }
    counts.iter().sum()
}

/// Writes the leaf trees, on several threads, and gives their numbers and ids in order.
fn leaves(
    places: &Places,
    known: &HashSet<Id>,
    pack: &PackWriter,
    interrupter: &Interrupter,
) -> Result<Vec<(u32, Id)>, StageError> {
    let leaves: Vec<_> = places.leaves().collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = leaves.len().div_ceil(threads).max(64);
    let write = |leaves: &[super::places::Leaf<'_>]| {
        let mut inlet = pack.inlet();
        let (mut scratch, mut bytes) = (LeafScratch::default(), Vec::new());
        let mut written = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            interrupter.check()?;
            bytes.clear();
            leaf.each(&mut scratch, |name, id| write_line(&mut bytes, Mode::Blob, name, id));
            written.push((leaf.tree, add_new(&mut inlet, known, &bytes)?));
        }
        inlet.flush()?;
        Ok::<_, StageError>(written)
    };
    thread::scope(|scope| {
        let shares: Vec<_> = leaves.chunks(share).map(|share| scope.spawn(|| write(share))).collect();
        let mut all = Vec::with_capacity(leaves.len());
        for share in shares {
            all.extend(share.join().map_err(|_| crate::PackError::GivenUp)??);
        }
        Ok(all)
    })
}

/// Trees of hashes do not compress: they are stored.
fn add_new(inlet: &mut Inlet, known: &HashSet<Id>, bytes: &[u8]) -> Result<Id, StageError> {
    let id = id_of(Kind::Tree, bytes)?;
    if !known.contains(&id) {
        inlet.add_stored(id, Kind::Tree, bytes)?;
    }
    Ok(id)
}
