//! Writes the trees of the features, from the leaves up.

use std::{collections::HashSet, thread};

use super::{
    StageError,
    feature_entries::{FeatureEntries, LeafScratch},
};
use crate::{
    Interrupter,
    dataset::{
        feature_path::{DIGITS, LEVELS},
        tree::{EntryMode, TreeEntry, encode, write_line},
    },
    object::{Id, ObjectKind, id_of},
    pack::{ObjectSink, PackWriter},
};

/// Writes the tree of all features, except for trees that are `known`. `None` if there are no features.
pub(super) fn build(
    feature_entries: &FeatureEntries,
    known: &HashSet<Id>,
    pack: &PackWriter,
    sink: &mut ObjectSink,
    interrupter: &Interrupter,
) -> Result<Option<Id>, StageError> {
    let mut level = leaves(feature_entries, known, pack, interrupter)?;
    let Some(_) = level.first() else { return Ok(None) };
    for _ in 0..LEVELS {
        level = level
            .chunk_by(|a, b| a.0 >> 6 == b.0 >> 6)
            .map(|children| {
                let entries = children.iter().map(|(tree, id)| {
                    let digit = DIGITS[(tree & 63) as usize];
                    TreeEntry::tree([digit], *id)
                });
                let id = add_new(sink, known, &encode(entries.collect()))?;
                Ok((children[0].0 >> 6, id))
            })
            .collect::<Result<_, StageError>>()?;
    }
    Ok(level.first().map(|(_, id)| *id))
}

/// How many trees [`build`] writes if none is known.
pub(super) fn count(feature_entries: &FeatureEntries) -> u32 {
    let mut counts = [0; LEVELS + 1];
    let mut before: Option<u32> = None;
    for leaf in feature_entries.leaves() {
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
    feature_entries: &FeatureEntries,
    known: &HashSet<Id>,
    pack: &PackWriter,
    interrupter: &Interrupter,
) -> Result<Vec<(u32, Id)>, StageError> {
    let leaves: Vec<_> = feature_entries.leaves().collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = leaves.len().div_ceil(threads).max(64);
    let write = |leaves: &[super::feature_entries::Leaf<'_>]| {
        let mut sink = pack.sink();
        let (mut scratch, mut bytes) = (LeafScratch::default(), Vec::new());
        let mut written = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            interrupter.check()?;
            bytes.clear();
            leaf.each(&mut scratch, |name, id| write_line(&mut bytes, EntryMode::Blob, name, id));
            written.push((leaf.tree, add_new(&mut sink, known, &bytes)?));
        }
        sink.flush()?;
        Ok::<_, StageError>(written)
    };
    thread::scope(|scope| {
        let shares: Vec<_> = leaves.chunks(share).map(|share| scope.spawn(|| write(share))).collect();
        let mut all = Vec::with_capacity(leaves.len());
        for share in shares {
            all.extend(share.join().map_err(|_| crate::PackError::Aborted)??);
        }
        Ok(all)
    })
}

/// Adds a tree, stored: its hashes do not compress.
fn add_new(sink: &mut ObjectSink, known: &HashSet<Id>, bytes: &[u8]) -> Result<Id, StageError> {
    let id = id_of(ObjectKind::Tree, bytes)?;
    if !known.contains(&id) {
        sink.add_stored(id, ObjectKind::Tree, bytes)?;
    }
    Ok(id)
}
