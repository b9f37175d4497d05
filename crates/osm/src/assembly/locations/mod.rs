//! An index of the positions and versions of nodes by id: sorted runs of 17 bytes for each node, in memory or in a file.
//!
//! A hash table takes three times as much memory. An array with an entry for each possible id takes gigabytes of disk space
//! even for the smallest extract.

mod index;
mod lookup;
mod run;

pub(super) use index::{LocationIndex, LocationIndexBuilder};
pub(super) use lookup::{LocationLookup, NodeLocation};
pub(super) use run::SortedRun;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{lookup::NodeLocation, *};
    use crate::Position;

    fn position() -> impl Strategy<Value = Option<Position>> {
        let coordinate = || prop_oneof![Just(0), any::<i32>()];
        prop::option::of((coordinate(), coordinate()).prop_map(|(lon, lat)| Position { lon, lat }))
    }

    fn nodes() -> impl Strategy<Value = BTreeMap<i64, (Option<Position>, u32)>> {
        let id = prop_oneof![-3000..3000_i64, any::<i64>()];
        let version = prop_oneof![0..300_u32, any::<u32>()];
        prop::collection::btree_map(id, (position(), version), 0..2000)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// For any limit of memory and any distribution of the nodes over runs.
        #[test]
        fn every_node_that_was_added_is_found_and_no_other(
            nodes in nodes(),
            run_len in 1..900_usize,
            max_memory in 0..40_000_u64,
            other_ids in prop::collection::vec(-3000..3000_i64, 100),
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let builder = LocationIndexBuilder::new(folder.path(), max_memory).expect("a builder");
            let list: Vec<_> = nodes.iter().collect();
            for (number, part) in list.chunks(run_len).enumerate() {
                let mut run = SortedRun { block_number: number as u64, ..SortedRun::default() };
                part.iter().for_each(|(id, (position, version))| run.push(**id, *position, *version, u64::from(*version % 3)));
                builder.store(run).expect("disk space").into_iter().for_each(|run| builder.append(run));
            }
            let index = builder.finish();
            let mut lookup = LocationLookup::new(&index);
            for (at, (id, (position, version))) in list.iter().enumerate() {
                let block_number = (at / run_len) as u64;
                let expected = NodeLocation { position: *position, version: *version, block_number };
                prop_assert_eq!(lookup.find(**id).expect("no error"), Some(expected));
                prop_assert_eq!(lookup.fingerprint(**id), u64::from(*version % 3));
            }
            for id in other_ids.iter().filter(|id| !nodes.contains_key(id)) {
                prop_assert_eq!(lookup.find(*id).expect("no error"), None);
            }
        }
    }
}
