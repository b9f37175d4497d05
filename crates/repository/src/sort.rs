//! Sorts long lists on several threads, and can be interrupted.

use std::thread;

use crate::{Interrupted, Interrupter};

const BUCKETS: usize = 256;
/// How many items are moved between two checks for an interrupt: less than a millisecond's work.
const BETWEEN_CHECKS: usize = 1 << 15;

/// Sorts by `key`, on all processors. `bucket` must not decrease where `key` increases. The more evenly it distributes the
/// items, the sooner an interrupt takes effect, and the more threads have work.
pub(crate) fn sort<T: Send, K: Ord>(
    items: &mut [T],
    bucket: impl Fn(&T) -> u8,
    key: impl Fn(&T) -> K + Sync,
    interrupter: &Interrupter,
) -> Result<(), Interrupted> {
    if items.is_sorted_by_key(&key) {
        return Ok(());
    }
    let ends = spread(items, bucket, interrupter)?;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut shares: Vec<Vec<&mut [T]>> = (0..threads).map(|_| Vec::new()).collect();
    let (mut rest, mut start) = (items, 0);
    for (at, end) in ends.into_iter().enumerate() {
        let (items, after) = rest.split_at_mut(end - start);
        shares[at % threads].push(items);
        (rest, start) = (after, end);
    }
    let sort_share = |share: Vec<&mut [T]>| {
        share.into_iter().try_for_each(|items| {
            interrupter.check()?;
            items.sort_unstable_by_key(&key);
            Ok(())
        })
    };
    thread::scope(|scope| {
        let running: Vec<_> = shares.into_iter().map(|share| scope.spawn(|| sort_share(share))).collect();
        running
            .into_iter()
            .try_for_each(|share| share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Groups the items by bucket, in place. Returns the end of each bucket.
fn spread<T>(
    items: &mut [T],
    bucket: impl Fn(&T) -> u8,
    interrupter: &Interrupter,
) -> Result<[usize; BUCKETS], Interrupted> {
    let mut ends = [0; BUCKETS];
    items.iter().for_each(|item| ends[usize::from(bucket(item))] += 1);
    let mut next = [0; BUCKETS];
    let mut end = 0;
    for (at, count) in ends.iter_mut().enumerate() {
        next[at] = end;
        end += *count;
        *count = end;
    }
    let mut moved = 0;
    for at in 0..BUCKETS {
        while next[at] < ends[at] {
            let to = usize::from(bucket(&items[next[at]]));
            if to != at {
                items.swap(next[at], next[to]);
            }
            next[to] += 1;
            moved += 1;
            if moved % BETWEEN_CHECKS == 0 {
                interrupter.check()?;
            }
        }
    }
    Ok(ends)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn items_are_sorted_however_they_are_spread(
            mut items in prop::collection::vec(any::<u32>(), 0..2000),
            bits in 0..32_u32,
        ) {
            let mut expected = items.clone();
            expected.sort_unstable();
            // All in one bucket, or in as many as there are.
            let bucket = |item: &u32| (item >> bits.max(24)) as u8;
            sort(&mut items, bucket, |item| *item, &Interrupter::default()).unwrap();
            prop_assert_eq!(items, expected);
        }
    }

    #[test]
    fn a_sort_that_is_interrupted_stops() {
        let interrupter = Interrupter::default();
        interrupter.interrupt();
        let mut items: Vec<u32> = (0..100).rev().collect();
        assert!(sort(&mut items, |item| *item as u8, |item| *item, &interrupter).is_err());
    }
}
