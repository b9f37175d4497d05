//! Lists in memory and in files are sorted alike.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::{
    cell::Cell,
    fs,
    io::{self, Read},
};

use longhaul_external_sort::{Record, SortError, SpillList};
use proptest::prelude::*;

/// A text, which is written behind its length.
struct Text(String);

impl Record for Text {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.0.len() as u8);
        out.extend_from_slice(self.0.as_bytes());
    }

    fn decode(from: &mut impl Read) -> io::Result<Self> {
        let mut length = [0];
        from.read_exact(&mut length)?;
        let mut text = vec![0; usize::from(length[0])];
        from.read_exact(&mut text)?;
        String::from_utf8(text).map(Self).map_err(io::Error::other)
    }

    fn size(&self) -> usize {
        self.0.len()
    }
}

fn from_behind(text: &Text) -> String {
    text.0.chars().rev().collect()
}

fn list(texts: &[String], memory: usize) -> (tempfile::TempDir, SpillList<Text>) {
    let folder = tempfile::tempdir().unwrap();
    let mut list = SpillList::new(folder.path(), memory);
    texts.iter().for_each(|text| list.push(Text(text.clone())).unwrap());
    assert_eq!(list.len(), texts.len() as u64);
    (folder, list)
}

proptest! {
    #[test]
    fn items_come_in_order_whether_they_were_in_memory_or_in_files(
        texts in prop::collection::vec("[a-c]{0,4}", 0..300),
        memory in prop::sample::select(vec![0, 7, 100, 10_000]),
    ) {
        let (folder, list) = list(&texts, memory);
        let sorted = list.sort(from_behind, &|| false).unwrap();
        let found: Vec<String> = sorted.map(|item| item.unwrap().0).collect();
        let mut expected = texts;
        expected.sort_by_key(|text| from_behind(&Text(text.clone())));
        prop_assert_eq!(found, expected);
        prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn items_come_as_they_came(
        texts in prop::collection::vec("[a-c]{0,4}", 0..50),
        memory in prop::sample::select(vec![0, 7, 10_000]),
    ) {
        let (_folder, list) = list(&texts, memory);
        let found: Vec<String> = list.into_items().unwrap().map(|item| item.unwrap().0).collect();
        prop_assert_eq!(found, texts);
    }
}

#[test]
fn a_sort_stops_wherever_it_is_asked_to() {
    let texts: Vec<String> = (0..100_000).map(|number| format!("{:06}", number * 7919 % 100_000)).collect();
    for memory in [usize::MAX, 300_000] {
        for asked in 1.. {
            let (_folder, list) = list(&texts, memory);
            let times = Cell::new(0);
            let is_stopped = || {
                times.set(times.get() + 1);
                times.get() == asked
            };
            match list.sort(from_behind, &is_stopped) {
                Err(SortError::Stopped) => assert_eq!(times.get(), asked, "it is not asked again"),
                Err(SortError::Io(error)) => panic!("{error}"),
                Ok(sorted) => {
                    assert!(asked > 3, "it is asked in each run");
                    assert_eq!(sorted.count(), texts.len());
                    break;
                }
            }
        }
    }
}
