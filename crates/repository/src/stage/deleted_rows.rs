//! Rows that did not come again, to be found by rows that say almost the same.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use crate::dataset::{feature::Feature, feature_path::pack_key};

/// Values of deleted rows that are remembered, 32 bytes for each; rows beyond that are not found.
const MOST_VALUES: usize = 1_000_000;

/// A digest of what a row says when one column is left out.
type PartialDigest = u128;

/// DeletedRows rows by what they say when one column is left out.
#[derive(Default)]
pub(super) struct DeletedRows {
    /// Each with the key of its row; sorted once the first row is looked for.
    partial_digests: Vec<(PartialDigest, i64)>,
    is_sorted: bool,
    /// Where in the list to go on looking for a digest_of_others: all before are taken.
    reached: HashMap<PartialDigest, usize>,
    taken: HashSet<i64>,
}

impl DeletedRows {
    /// Remembers a row.
    pub(super) fn insert(&mut self, key: i64, blob: &[u8]) {
        if self.partial_digests.len() < MOST_VALUES {
            self.partial_digests
                .extend(partial_digests(blob).into_iter().map(|digest_of_others| (digest_of_others, key)));
            self.is_sorted = false;
        }
    }

    /// The key of a row that differs from `blob` in one column, which nobody gets again.
    pub(super) fn take_like(&mut self, blob: &[u8]) -> Option<i64> {
        if !self.is_sorted {
            self.partial_digests.sort_unstable();
            self.is_sorted = true;
        }
        partial_digests(blob).into_iter().find_map(|digest_of_others| self.take(digest_of_others))
    }

    fn take(&mut self, digest_of_others: PartialDigest) -> Option<i64> {
        let first = || self.partial_digests.partition_point(|(other, _)| *other < digest_of_others);
        let from = self.reached.get(&digest_of_others).copied().unwrap_or_else(first);
        let same = self.partial_digests[from..].iter().take_while(|(other, _)| *other == digest_of_others);
        let (passed, key) =
            same.map(|(_, key)| *key).enumerate().find(|(_, key)| !self.taken.contains(key))?;
        self.reached.insert(digest_of_others, from + passed + 1);
        self.taken.insert(key);
        Some(key)
    }
}

/// For each column a digest of all other values: the sum of their digests, so that a row of many columns takes no
/// longer than its columns.
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
    fn of_many_rows_that_say_the_same_each_is_found_once() {
        let mut deleted = DeletedRows::default();
        (1..=1000).for_each(|key| deleted.insert(key, &row(&["same", "a"])));
        let found: Vec<_> = (0..1001).map(|_| deleted.take_like(&row(&["same", "b"]))).collect();
        assert_eq!(found[..1000], (1..=1000).map(Some).collect::<Vec<_>>());
        assert_eq!(found[1000], None);
    }
}
