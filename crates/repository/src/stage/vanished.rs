//! Rows that did not come again, to be found by rows that say almost the same.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use crate::dataset::{feature::Feature, place::pack_key};

/// Values of vanished rows that are remembered, 32 bytes for each; rows beyond that are not found.
const MOST_VALUES: usize = 1_000_000;

/// A digest of what a row says when one column is left out.
type Rest = u128;

/// Vanished rows by what they say when one column is left out.
#[derive(Default)]
pub(super) struct Vanished {
    /// Each with the key of its row; sorted once the first row is looked for.
    rests: Vec<(Rest, i64)>,
    is_sorted: bool,
    /// Where in the list to go on looking for a rest: all before are taken.
    reached: HashMap<Rest, usize>,
    taken: HashSet<i64>,
}

impl Vanished {
    /// Remembers a row.
    pub(super) fn insert(&mut self, key: i64, blob: &[u8]) {
        if self.rests.len() < MOST_VALUES {
            self.rests.extend(rests(blob).into_iter().map(|rest| (rest, key)));
            self.is_sorted = false;
        }
    }

    /// The key of a row that differs from `blob` in one column, which nobody gets again.
    pub(super) fn take_like(&mut self, blob: &[u8]) -> Option<i64> {
        if !self.is_sorted {
            self.rests.sort_unstable();
            self.is_sorted = true;
        }
        rests(blob).into_iter().find_map(|rest| self.take(rest))
    }

    fn take(&mut self, rest: Rest) -> Option<i64> {
        let first = || self.rests.partition_point(|(other, _)| *other < rest);
        let from = self.reached.get(&rest).copied().unwrap_or_else(first);
        let same = self.rests[from..].iter().take_while(|(other, _)| *other == rest);
        let (passed, key) =
            same.map(|(_, key)| *key).enumerate().find(|(_, key)| !self.taken.contains(key))?;
        self.reached.insert(rest, from + passed + 1);
        self.taken.insert(key);
        Some(key)
    }
}

/// For each column a digest of all other values: the sum of their digests, so that a row of many columns takes no
/// longer than its columns.
fn rests(blob: &[u8]) -> Vec<Rest> {
    let Some(feature) = Feature::decode(blob) else {
        return Vec::new();
    };
    let mut packed = Vec::new();
    let digests = feature.values.iter().enumerate().map(|(column, value)| {
        pack_key(*value, &mut packed);
        digest(&[feature.legend.as_bytes(), &(column as u64).to_be_bytes(), &packed])
    });
    let digests: Vec<Rest> = digests.collect();
    let all = digests.iter().fold(0, |sum: Rest, digest| sum.wrapping_add(*digest));
    digests.into_iter().map(|digest| all.wrapping_sub(digest)).collect()
}

fn digest(parts: &[&[u8]]) -> Rest {
    let digest = parts.iter().fold(Sha256::new(), |hasher, part| hasher.chain_update(part)).finalize();
    Rest::from_be_bytes(digest[..16].try_into().expect("sixteen of thirty-two bytes"))
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
        let mut vanished = Vanished::default();
        vanished.insert(7, &row(&["a", "b", "c"]));
        vanished.insert(5, &row(&["a", "b", "c"]));
        vanished.insert(9, &row(&["x", "y", "z"]));
        assert_eq!(vanished.take_like(&row(&["a", "y", "c"])), Some(5));
        assert_eq!(vanished.take_like(&row(&["a", "b", "new"])), Some(7));
        assert_eq!(vanished.take_like(&row(&["new", "b", "c"])), None);
        assert_eq!(vanished.take_like(&row(&["x", "new", "new"])), None);
        assert_eq!(vanished.take_like(&row(&["y", "x", "z"])), None);
        assert_eq!(vanished.take_like(&row(&["x", "y", "new"])), Some(9));
    }

    #[test]
    fn of_many_rows_that_say_the_same_each_is_found_once() {
        let mut vanished = Vanished::default();
        (1..=1000).for_each(|key| vanished.insert(key, &row(&["same", "a"])));
        let found: Vec<_> = (0..1001).map(|_| vanished.take_like(&row(&["same", "b"]))).collect();
        assert_eq!(found[..1000], (1..=1000).map(Some).collect::<Vec<_>>());
        assert_eq!(found[1000], None);
    }
}
