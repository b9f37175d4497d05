//! The tree entries of a layer's features, collected while the features are written: 32 bytes for a feature, plus
//! its file name where the key is not an integer.

use crate::{
    Interrupted, Interrupter,
    dataset::feature_path::{Scheme, file_name, pack_key},
    object::Id,
    sort::sort,
};
use longhaul_geodata::Value;

/// Bits of [`FeatureEntry::key`] for the length of a name.
const LENGTH_BITS: u32 = 13;
/// The longest file name. Git refuses longer paths.
pub(super) const LONGEST_NAME: usize = 4096;

/// The entries of features in their leaf trees.
#[derive(Debug)]
pub(super) struct FeatureEntries {
    scheme: Scheme,
    list: Vec<FeatureEntry>,
    names: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct FeatureEntry {
    /// The leaf tree, see [`Scheme`].
    tree: u32,
    id: Id,
    /// The integer key; or the offset of the file name in `names`, and its length.
    key: u64,
}

/// The key of a feature.
#[derive(Clone, Copy)]
pub(super) enum EntryKey<'a> {
    Integer(i64),
    /// The file name.
    Named(&'a [u8]),
}

impl FeatureEntries {
    pub(super) fn new(scheme: Scheme) -> Self {
        Self { scheme, list: Vec::new(), names: Vec::new() }
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn push_integer(&mut self, key: i64, id: Id) {
        let tree = Scheme::tree_of_integer(key);
        self.list.push(FeatureEntry { tree, id, key: key as u64 });
    }

    /// `name` is at most [`LONGEST_NAME`] bytes.
    pub(super) fn push_named(&mut self, packed: &[u8], name: &str, id: Id) {
        let key = (self.names.len() as u64) << LENGTH_BITS | name.len() as u64;
        self.names.extend_from_slice(name.as_bytes());
        self.list.push(FeatureEntry { tree: Scheme::tree_of_hash(packed), id, key });
    }

    /// Adds the entries that another thread collected.
    pub(super) fn append(&mut self, mut other: Self) {
        let shift = (self.names.len() as u64) << LENGTH_BITS;
        if self.scheme == Scheme::Hash {
            other.list.iter_mut().for_each(|entry| entry.key += shift);
        }
        if self.list.is_empty() {
            self.list = other.list;
        } else {
            move_over(&mut self.list, other.list);
        }
        self.names.extend_from_slice(&other.names);
    }

    /// The key and the blob of each feature.
    pub(super) fn iter(&self) -> impl Iterator<Item = (EntryKey<'_>, Id)> {
        self.list.iter().map(|entry| {
            let key = match self.scheme {
                Scheme::Int => EntryKey::Integer(entry.key as i64),
                Scheme::Hash => EntryKey::Named(name_in(&self.names, entry)),
            };
            (key, entry.id)
        })
    }

    /// Removes the features with these integer keys, which ascend.
    pub(super) fn remove(&mut self, keys: &[i64], interrupter: &Interrupter) -> Result<(), Interrupted> {
        if keys.is_empty() || self.scheme != Scheme::Int {
            return Ok(());
        }
        // What is kept after an interrupt does not matter: it is dropped with the stage.
        let is_kept = |entry: &FeatureEntry| keys.binary_search(&(entry.key as i64)).is_err();
        self.list.retain(|entry| interrupter.check().is_err() || is_kept(entry));
        interrupter.check()
    }

    /// Sorts the entries by leaf tree. A key that two features share is an error, which the returned text
    /// names.
    pub(super) fn sort(&mut self, interrupter: &Interrupter) -> Result<Result<(), String>, Interrupted> {
        let (names, scheme) = (&self.names, self.scheme);
        let bucket = bucket(&self.list);
        match scheme {
            Scheme::Int => {
                sort(&mut self.list, bucket, |entry| (entry.tree, entry.key), interrupter)?;
            }
            Scheme::Hash => {
                sort(&mut self.list, bucket, |entry| (entry.tree, name_in(names, entry)), interrupter)?;
            }
        }
        let same = |a: &FeatureEntry, b: &FeatureEntry| match scheme {
            Scheme::Int => a.key == b.key,
            Scheme::Hash => name_in(names, a) == name_in(names, b),
        };
        Ok(match self.list.windows(2).find(|pair| same(&pair[0], &pair[1])) {
            Some(pair) => Err(self.key_text(&pair[0])),
            None => Ok(()),
        })
    }

    /// Adds the entries of `older` whose keys are not here. Both lists are sorted, and so is the result.
    pub(super) fn complete_with(&mut self, older: Self) {
        let mine = std::mem::take(&mut self.list);
        let shift = (self.names.len() as u64) << LENGTH_BITS;
        self.names.extend_from_slice(&older.names);
        let mut theirs = older.list;
        if self.scheme == Scheme::Hash {
            theirs.iter_mut().for_each(|entry| entry.key += shift);
        }
        let mut merged = Vec::with_capacity(mine.len() + theirs.len());
        let mut mine = mine.into_iter().peekable();
        let mut theirs = theirs.into_iter().peekable();
        while let (Some(a), Some(b)) = (mine.peek(), theirs.peek()) {
            match self.compare(a, b) {
                std::cmp::Ordering::Less => merged.extend(mine.next()),
                std::cmp::Ordering::Greater => merged.extend(theirs.next()),
                std::cmp::Ordering::Equal => {
                    merged.extend(mine.next());
                    theirs.next();
                }
            }
        }
        merged.extend(mine);
        merged.extend(theirs);
        self.list = merged;
    }

    /// The leaf trees in order, each with its features; after [`Self::sort`].
    pub(super) fn leaves(&self) -> impl Iterator<Item = Leaf<'_>> {
        self.list.chunk_by(|a, b| a.tree == b.tree).map(|list| Leaf {
            tree: list[0].tree,
            list,
            feature_entries: self,
        })
    }

    fn compare(&self, a: &FeatureEntry, b: &FeatureEntry) -> std::cmp::Ordering {
        a.tree.cmp(&b.tree).then_with(|| match self.scheme {
            Scheme::Int => a.key.cmp(&b.key),
            Scheme::Hash => name_in(&self.names, a).cmp(name_in(&self.names, b)),
        })
    }

    fn key_text(&self, entry: &FeatureEntry) -> String {
        match self.scheme {
            Scheme::Int => (entry.key as i64).to_string(),
            Scheme::Hash => super::key_text::key_text(name_in(&self.names, entry)),
        }
    }
}

/// The features of one leaf tree.
pub(super) struct Leaf<'a> {
    pub(super) tree: u32,
    list: &'a [FeatureEntry],
    feature_entries: &'a FeatureEntries,
}

impl Leaf<'_> {
    /// Calls `visit` with file name and id of each feature, in Git's order.
    pub(super) fn each(&self, scratch: &mut LeafScratch, mut visit: impl FnMut(&[u8], &Id)) {
        match self.feature_entries.scheme {
            // Sorted by name already.
            Scheme::Hash => self
                .list
                .iter()
                .for_each(|entry| visit(name_in(&self.feature_entries.names, entry), &entry.id)),
            Scheme::Int => {
                scratch.fill(self.list);
                for (start, end, at) in &scratch.order {
                    visit(&scratch.names.as_bytes()[*start..*end], &self.list[*at].id);
                }
            }
        }
    }
}

/// Buffers for the names of one leaf, used again for the next.
#[derive(Default)]
pub(super) struct LeafScratch {
    packed: Vec<u8>,
    names: String,
    /// Start and end of a name, and the position of its entry.
    order: Vec<(usize, usize, usize)>,
}

impl LeafScratch {
    fn fill(&mut self, list: &[FeatureEntry]) {
        self.names.clear();
        self.order.clear();
        for (at, entry) in list.iter().enumerate() {
            let start = self.names.len();
            pack_key(Value::Integer(entry.key as i64), &mut self.packed);
            file_name(&self.packed, &mut self.names);
            self.order.push((start, self.names.len(), at));
        }
        let names = self.names.as_bytes();
        self.order.sort_unstable_by(|a, b| names[a.0..a.1].cmp(&names[b.0..b.1]));
    }
}

/// Appends a list in blocks, the last block first, and frees each block: two long lists never take more memory than together.
fn move_over(list: &mut Vec<FeatureEntry>, mut other: Vec<FeatureEntry>) {
    const BLOCK: usize = 1 << 20;
    list.reserve_exact(other.len());
    while !other.is_empty() {
        let start = other.len().saturating_sub(BLOCK);
        list.extend_from_slice(&other[start..]);
        other.truncate(start);
        other.shrink_to_fit();
    }
}

/// The bucket of an entry for sorting: leaf trees in ranges of equal width, from the first that has an entry.
fn bucket(list: &[FeatureEntry]) -> impl Fn(&FeatureEntry) -> u8 + use<> {
    let first = list.iter().map(|entry| entry.tree).min().unwrap_or_default();
    let last = list.iter().map(|entry| entry.tree).max().unwrap_or_default();
    let bits = (u32::BITS - (last - first).leading_zeros()).saturating_sub(u8::BITS);
    move |entry| ((entry.tree - first) >> bits) as u8
}

fn name_in<'a>(names: &'a [u8], entry: &FeatureEntry) -> &'a [u8] {
    let start = (entry.key >> LENGTH_BITS) as usize;
    let length = (entry.key & ((1 << LENGTH_BITS) - 1)) as usize;
    &names[start..start + length]
}
