//! Maps and sets of tasks.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hasher},
};

use crate::TaskId;

/// Something of each of some tasks.
pub(crate) type ById<T> = HashMap<TaskId, T, BuildHasherDefault<Spread>>;

/// Some tasks.
pub(crate) type Ids = HashSet<TaskId, BuildHasherDefault<Spread>>;

/// Spreads numbers that follow one another.
///
/// The ids are given out here, so nobody can choose them to collide, and the standard library's guard against that would be half
/// of what a look costs.
#[derive(Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    /// By 2⁶⁴ divided by the golden ratio (Knuth, The Art of Computer Programming, 6.4).
    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn ids_in_a_row_are_spread_over_the_bits_that_a_map_goes_by() {
        let spread = BuildHasherDefault::<Spread>::default();
        let hashes: Vec<u64> = (1..=1024).map(|id| spread.hash_one(TaskId(id))).collect();
        let places: HashSet<u64> = hashes.iter().map(|hash| hash % 1024).collect();
        assert_eq!(places.len(), 1024);
        let tags: HashSet<u64> = hashes.iter().map(|hash| hash >> 57).collect();
        assert_eq!(tags.len(), 128);
    }
}
