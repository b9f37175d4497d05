//! What the cache keeps, and what goes.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::{fs, io::Read as _, path::Path};

use longhaul_disk_cache::{DiskCache, Section};

fn keep(section: &Section, name: &str, bytes: usize) {
    let part = section.part();
    fs::write(part.path(), vec![b'x'; bytes]).unwrap();
    section.keep(name, "tag", part).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_file_that_was_not_used_for_longest_goes_first_in_whichever_section_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path(), 100).unwrap();
    let (files, indexes) = (cache.section("files").unwrap(), cache.section("index").unwrap());
    keep(&files, "a", 40);
    keep(&indexes, "a", 40);
    assert!(files.get("a").is_some());
    keep(&files, "b", 40);
    assert!(indexes.get("a").is_none());
    assert!(files.get("a").is_some() && files.get("b").is_some());
    assert_eq!(cache.size(), 80);
    assert_eq!(names(&folder.path().join("index")), [""; 0]);
}

#[test]
fn a_file_larger_than_the_cache_is_kept_alone_until_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let files = DiskCache::open(folder.path(), 100).unwrap().section("files").unwrap();
    keep(&files, "a", 40);
    keep(&files, "large", 400);
    assert!(files.get("a").is_none() && files.get("large").is_some());
    keep(&files, "b", 40);
    assert!(files.get("large").is_none() && files.get("b").is_some());
}

#[test]
fn what_is_open_is_read_to_its_end_though_it_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let files = DiskCache::open(folder.path(), 10).unwrap().section("files").unwrap();
    keep(&files, "a", 40);
    let mut open = files.get("a").unwrap();
    keep(&files, "b", 40);
    let mut read = Vec::new();
    open.file.read_to_end(&mut read).unwrap();
    assert_eq!((read.len() as u64, open.length), (40, open.length));
}

#[test]
fn a_cache_that_is_opened_again_has_its_files_but_no_parts_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let files = DiskCache::open(folder.path(), 100).unwrap().section("files").unwrap();
    keep(&files, "a", 40);
    let part = files.part();
    fs::write(part.path(), "half").unwrap();
    std::mem::forget(part);
    assert_eq!(names(&folder.path().join("files")).len(), 2);
    let cache = DiskCache::open(folder.path(), 100).unwrap();
    let files = cache.section("files").unwrap();
    assert_eq!(names(&folder.path().join("files")), ["a.tag"]);
    let found = files.get("a").unwrap();
    assert_eq!((found.length, found.tag.as_str(), cache.size()), (40, "tag", 40));
    let smaller = DiskCache::open(folder.path(), 39).unwrap();
    assert!(smaller.section("files").unwrap().get("a").is_none());
    assert_eq!(names(&folder.path().join("files")), [""; 0]);
}

#[test]
fn a_part_that_is_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let files = DiskCache::open(folder.path(), 100).unwrap().section("files").unwrap();
    let part = files.part();
    fs::write(part.path(), "half").unwrap();
    drop(part);
    assert_eq!(names(&folder.path().join("files")), [""; 0]);
}

#[test]
fn a_file_or_folder_that_somebody_removed_is_missing_and_can_be_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path(), 100).unwrap();
    let files = cache.section("files").unwrap();
    keep(&files, "a", 40);
    fs::remove_dir_all(folder.path()).unwrap();
    assert!(files.get("a").is_none());
    assert_eq!(cache.size(), 0);
    keep(&files, "a", 40);
    assert!(files.get("a").is_some());
    files.remove("a");
    assert!(files.get("a").is_none());
}

#[test]
fn a_file_that_is_kept_again_with_another_tag_replaces_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(folder.path(), 100).unwrap();
    let files = cache.section("files").unwrap();
    keep(&files, "a", 40);
    let part = files.part();
    fs::write(part.path(), "new").unwrap();
    files.keep("a", "other", part).unwrap();
    assert_eq!(names(&folder.path().join("files")), ["a.other"]);
    assert_eq!((cache.size(), files.get("a").unwrap().tag.as_str()), (3, "other"));
}
