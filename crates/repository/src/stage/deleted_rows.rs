//! Rows of the previous version that did not come again, to be found by rows that differ from them in one column.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use crate::dataset::{feature::Feature, feature_path::pack_key};

/// How many values of deleted rows are kept, at 32 bytes each. Further rows are not found.
const MOST_VALUES: usize = 1_000_000;

/// A digest of the values of a row without one column.
type PartialDigest = u128;

/// Deleted rows by the digests of their values without one column.
#[derive(Default)]
pub(super) struct DeletedRows {
    /// Digests with the keys of their rows; sorted when the first row is looked up.
    partial_digests: Vec<(PartialDigest, i64)>,
    is_sorted: bool,
    /// The position in the list from which to look for a digest: all before are taken.
    reached: HashMap<PartialDigest, usize>,
    taken: HashSet<i64>,
}

impl DeletedRows {
    /// Adds a row.
    pub(super) fn insert(&mut self, key: i64, blob: &[u8]) {
        if self.partial_digests.len() < MOST_VALUES {
            self.partial_digests.extend(partial_digests(blob).into_iter().map(|digest| (digest, key)));
            self.is_sorted = false;
        }
    }

    /// The key of a deleted row that differs from `blob` in one column. It is not given again.
    pub(super) fn take_like(&mut self, blob: &[u8]) -> Option<i64> {
        if !self.is_sorted {
            self.partial_digests.sort_unstable();
            self.is_sorted = true;
        }
        partial_digests(blob).into_iter().find_map(|digest| self.take(digest))
    }

    fn take(&mut self, digest: PartialDigest) -> Option<i64> {
        let first = || self.partial_digests.partition_point(|(other, _)| *other < digest);
        let from = self.reached.get(&digest).copied().unwrap_or_else(first);
        let same = self.partial_digests[from..].iter().take_while(|(other, _)| *other == digest);
        let (passed, key) =
            same.map(|(_, key)| *key).enumerate().find(|(_, key)| !self.taken.contains(key))?;
        self.reached.insert(digest, from + passed + 1);
        self.taken.insert(key);
        Some(key)
    }
}

/// For each column a digest of all other values. It is the sum of their digests, so that the time grows only with the number
/// of columns.
fn partial_digests(blob: &[u8]) -> Vec<PartialDigest> {
    let Some(feature) = Feature::decode(blob) else {
        return Vec::new();
    };
    let mut packed = Vec::new();
    let digests = feature.values.iter().enumerate().map(|(column, value)| {
        pack_key(*value, &mut packed);
        digest(&[feature.legend.as_bytes(), &(column as u64).to_be_bytes(), &packed])
    });
    let digests: Vec<PartialDigest> = digests.collect();
    let all = digests.iter().fold(0, |sum: PartialDigest, digest| sum.wrapping_add(*digest));
    digests.into_iter().map(|digest| all.wrapping_sub(digest)).collect()
}

fn digest(parts: &[&[u8]]) -> PartialDigest {
    let digest = parts.iter().fold(Sha256::new(), |hasher, part| hasher.chain_update(part)).finalize();
    PartialDigest::from_be_bytes(digest[..16].try_into().expect("sixteen of thirty-two bytes"))
}

#[cfg(test)]
mod tests {
    use longhaul_geodata::Value;

    use super::*;
    use crate::dataset::feature::FeatureEncoder;

    fn row(values: &[&str]) -> Vec<u8> {
        let mut blob = Vec::new();
        let encoder = FeatureEncoder::new("legend", values.len(), None);
        encoder.encode_values(values.iter().map(|text| Value::Text(text)), &mut blob);
        blob
    }

    #[test]
    fn a_row_is_found_by_all_its_values_but_one() {
        let mut deleted = DeletedRows::default();
        deleted.insert(7, &row(&["a", "b", "c"]));
        deleted.insert(5, &row(&["a", "b", "c"]));
        deleted.insert(9, &row(&["x", "y", "z"]));
        assert_eq!(deleted.take_like(&row(&["a", "y", "c"])), Some(5));
        assert_eq!(deleted.take_like(&row(&["a", "b", "new"])), Some(7));
        assert_eq!(deleted.take_like(&row(&["new", "b", "c"])), None);
        assert_eq!(deleted.take_like(&row(&["x", "new", "new"])), None);
        assert_eq!(deleted.take_like(&row(&["y", "x", "z"])), None);
        assert_eq!(deleted.take_like(&row(&["x", "y", "new"])), Some(9));
    }

    #[test]
    fn of_many_equal_rows_each_is_found_once() {
        let mut deleted = DeletedRows::default();
        (1..=1000).for_each(|key| deleted.insert(key, &row(&["same", "a"])));
        let found: Vec<_> = (0..1001).map(|_| deleted.take_like(&row(&["same", "b"]))).collect();
        assert_eq!(found[..1000], (1..=1000).map(Some).collect::<Vec<_>>());
        assert_eq!(found[1000], None);
    }
}
