//! What differs between two commits.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod support;

use std::collections::BTreeMap;

use gix::ObjectId;
use longhaul_geodata::Value::{self, Integer, Null, Text};
use longhaul_repository::{
    ChangeKind, Commit, CommitDiff, FeatureCounts, Interrupter, JsonLines, LsTreeQuery, Mode, Repository,
};
use proptest::prelude::*;
use support::{
    commit, git,
    layers::{import, layer},
    repository,
};

fn diff(repository: &Repository, old: Option<&Commit>, new: &Commit) -> CommitDiff {
    repository.diff(old.map(|old| old.id), Some(new.id), &Interrupter::default()).unwrap()
}

fn counts(repository: &Repository, diff: &CommitDiff) -> FeatureCounts {
    let count = |layer: &longhaul_repository::ChangedLayer| {
        repository.count_changes(layer.old, layer.new, &Interrupter::default()).unwrap()
    };
    diff.layers.iter().map(count).sum()
}

fn lines(repository: &Repository, diff: CommitDiff) -> Vec<String> {
    let mut lines = JsonLines::new(repository, diff, &Interrupter::default());
    let mut text = Vec::new();
    while lines.next_line(&mut text).unwrap() {}
    String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
}

/// Layers with a row per key, as in a history that was made at random.
fn version(
    keys: &BTreeMap<i64, u8>,
    has_more: bool,
) -> (Vec<(&'static str, &'static str)>, Vec<Vec<Value<'static>>>) {
    let mut columns = vec![("fid", "integer"), ("value", "integer")];
    if has_more {
        columns.push(("more", "text"));
    }
    let row = |(key, value): (&i64, &u8)| {
        let mut row = vec![Integer(*key), Integer((*value).into())];
        row.extend(has_more.then_some(if value % 2 == 0 { Null } else { Text("x") }));
        row
    };
    (columns, keys.iter().map(row).collect())
}

fn commit_version(repository: &Repository, keys: &BTreeMap<i64, u8>, has_more: bool) -> Option<Commit> {
    let (columns, rows) = version(keys, has_more);
    let rows: Vec<_> = rows.iter().map(Vec::as_slice).collect();
    let staged = support::layers::stage(repository, &layer("roads", &columns), Mode::Replace, &rows);
    staged.ok().map(|staged| staged.publish().unwrap())
}

/// Every feature of a commit with its blob, by listing all of them.
fn all_features(repository: &Repository, commit: &Commit) -> BTreeMap<String, ObjectId> {
    let query =
        LsTreeQuery { path: Some(format!("{}:", commit.id)), recursive: true, ..LsTreeQuery::default() };
    let entries = repository.ls_tree(&query).unwrap();
    entries.map(|entry| entry.unwrap()).map(|entry| (entry.path, entry.id)).collect()
}

/// The differences by listing all features of both commits.
fn brute_force(repository: &Repository, old: &Commit, new: &Commit) -> BTreeMap<String, ChangeKind> {
    let (old, new) = (all_features(repository, old), all_features(repository, new));
    let mut changes = BTreeMap::new();
    for (path, id) in &old {
        match new.get(path) {
            None => changes.insert(path.clone(), ChangeKind::Deleted),
            Some(other) if other != id => changes.insert(path.clone(), ChangeKind::Changed),
            Some(_) => None,
        };
    }
    changes.extend(
        new.keys().filter(|path| !old.contains_key(*path)).map(|path| (path.clone(), ChangeKind::Added)),
    );
    changes
}

fn key() -> impl Strategy<Value = i64> {
    // Few enough to meet again, in several trees, some of which wrap around.
    prop_oneof![4 => 0..200_i64, 1 => -70..0_i64, 1 => Just(1 << 30), 1 => Just(i64::MIN), 1 => 4_000..4_010_i64]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn changes_are_those_that_a_comparison_of_all_features_finds(
        versions in prop::collection::vec((prop::collection::btree_map(key(), 0..4_u8, 0..60), any::<bool>()), 2..6),
    ) {
        let (_folder, repository) = repository();
        let commits: Vec<Commit> =
            versions.iter().filter_map(|(keys, has_more)| commit_version(&repository, keys, *has_more)).collect();
        for (old, new) in commits.iter().flat_map(|old| commits.iter().map(move |new| (old, new))) {
            let expected = brute_force(&repository, old, new);
            let diff = diff(&repository, Some(old), new);
            let mut found = Vec::new();
            for layer in &diff.layers {
                let layer = repository.layer_diff(layer).unwrap();
                for change in layer.features(&Interrupter::default()).unwrap() {
                    let change = change.unwrap();
                    let sides = (layer.old_values(&change).unwrap(), layer.new_values(&change).unwrap());
                    prop_assert_eq!((sides.0.is_some(), sides.1.is_some()), (change.old.is_some(), change.new.is_some()));
                    for values in [sides.0, sides.1].iter().flatten() {
                        prop_assert_eq!(values.decode().unwrap()[0].to_owned(), Integer(change.key.to_string().parse().unwrap()));
                    }
                    found.push((change.key.clone(), change.kind()));
                }
            }
            prop_assert!(found.is_sorted_by(|a, b| a.0 < b.0), "sorted by key");
            let found: BTreeMap<_, _> = found.iter().map(|(key, kind)| (format!("roads/{key}"), *kind)).collect();
            let number = |kind| expected.values().filter(|other| **other == kind).count() as u64;
            let by_brute_force = FeatureCounts {
                added: number(ChangeKind::Added),
                changed: number(ChangeKind::Changed),
                deleted: number(ChangeKind::Deleted),
            };
            prop_assert_eq!(counts(&repository, &diff), by_brute_force);
            // Once more, now that it is remembered.
            prop_assert_eq!(counts(&repository, &diff), by_brute_force);
            prop_assert_eq!(found, expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn a_commit_counts_what_it_changes_before_it_is_published(
        versions in prop::collection::vec(
            (prop::collection::btree_map(key(), 0..4_u8, 1..60), any::<bool>(), any::<bool>()),
            2..5,
        ),
    ) {
        let (_folder, repository) = repository();
        let mut before: Option<Commit> = None;
        for (keys, has_more, adds) in &versions {
            let (columns, rows) = version(keys, *has_more || *adds);
            let rows: Vec<_> = rows.iter().map(Vec::as_slice).collect();
            let mode = if *adds { Mode::Add } else { Mode::Replace };
            let Ok(staged) = support::layers::stage(&repository, &layer("roads", &columns), mode, &rows) else {
                continue;
            };
            let changes = staged.changes().to_vec();
            let commit = staged.publish().unwrap();
            prop_assert_eq!(changes.len(), 1);
            let diff = diff(&repository, before.as_ref(), &commit);
            prop_assert_eq!((diff.layers[0].old, diff.layers[0].new), (changes[0].old, changes[0].new));
            prop_assert_eq!(counts(&repository, &diff), changes[0].counts);
            std::fs::remove_file(repository.path().join("longhaul-changes-1")).unwrap();
            prop_assert_eq!(counts(&repository, &diff), changes[0].counts, "without what was remembered");
            let all = all_features(&repository, &commit).len() as u64;
            prop_assert_eq!(changes[0].unchanged, all - changes[0].counts.added - changes[0].counts.changed);
            prop_assert_eq!(changes[0].schema.is_empty(), before.is_none() || repository.layer_diff(&diff.layers[0]).unwrap().schema().is_empty());
            before = Some(commit);
        }
    }
}

#[test]
fn a_difference_is_printed_attribute_by_attribute_with_the_columns_of_each_side() {
    let (_folder, repository) = repository();
    let roads = layer("roads", &[("fid", "integer"), ("name", "text")]);
    let old = import(
        &repository,
        &roads,
        &[&[Integer(1), Text("a")], &[Integer(2), Text("b")], &[Integer(3), Text("c")]],
    );
    let wider = layer("roads", &[("fid", "integer"), ("name", "text"), ("lanes", "integer")]);
    let new = import(
        &repository,
        &wider,
        &[
            &[Integer(1), Text("a"), Null],
            &[Integer(2), Text("b"), Integer(4)],
            &[Integer(10), Text("ü\n"), Null],
        ],
    );
    let ids = |text: String| {
        let mut parts = text.split(r#""id":""#);
        let head = parts.next().unwrap().to_owned();
        parts.fold(head, |text, part| text + r#""id":""# + &part[36..])
    };
    let printed: Vec<_> =
        lines(&repository, diff(&repository, Some(&old), &new)).into_iter().map(ids).collect();
    assert_eq!(
        printed,
        [
            r#"{"type":"version","version":"kart.diff/v2","outputFormat":"JSONL+hexwkb"}"#,
            r#"{"type":"datasetInfo","path":"roads","value":{"type":"table","version":3}}"#,
            r#"{"type":"meta","dataset":"roads","key":"schema.json","change":{"-":[{"id":"","name":"fid","dataType":"integer","primaryKeyIndex":0,"size":64},{"id":"","name":"name","dataType":"text"}],"+":[{"id":"","name":"fid","dataType":"integer","primaryKeyIndex":0,"size":64},{"id":"","name":"name","dataType":"text"},{"id":"","name":"lanes","dataType":"integer","size":64}]}}"#,
            r#"{"type":"feature","dataset":"roads","change":{"-":{"fid":2,"name":"b"},"+":{"fid":2,"name":"b","lanes":4}}}"#,
            r#"{"type":"feature","dataset":"roads","change":{"-":{"fid":3,"name":"c"}}}"#,
            r#"{"type":"feature","dataset":"roads","change":{"+":{"fid":10,"name":"ü\n","lanes":null}}}"#,
        ]
    );
}

#[test]
fn columns_that_did_not_change_come_before_the_features_that_did() {
    let (_folder, repository) = repository();
    let roads = layer("roads", &[("fid", "integer")]);
    let old = import(&repository, &roads, &[&[Integer(1)]]);
    let new = import(&repository, &roads, &[&[Integer(1)], &[Integer(2)]]);
    let printed = lines(&repository, diff(&repository, Some(&old), &new));
    assert_eq!(printed.len(), 4, "{printed:?}");
    assert!(
        printed[2].starts_with(r#"{"type":"metaInfo","dataset":"roads","key":"schema.json","value":[{"id":"#)
    );
    assert_eq!(printed[3], r#"{"type":"feature","dataset":"roads","change":{"+":{"fid":2}}}"#);
}

#[test]
fn a_layer_that_was_added_or_deleted_is_shown_with_all_its_features() {
    let (_folder, repository) = repository();
    let roads = import(&repository, &layer("roads", &[("fid", "integer")]), &[&[Integer(1)], &[Integer(2)]]);
    let added = diff(&repository, None, &roads);
    assert_eq!(counts(&repository, &added), FeatureCounts { added: 2, ..FeatureCounts::default() });
    let deleted = repository.diff(Some(roads.id), None, &Interrupter::default()).unwrap();
    assert_eq!(counts(&repository, &deleted), FeatureCounts { deleted: 2, ..FeatureCounts::default() });
    let with_sign = |lines: &[String], sign: &str| lines.iter().filter(|line| line.contains(sign)).count();
    let lines_of_added = lines(&repository, added);
    assert_eq!((lines_of_added.len(), with_sign(&lines_of_added, r#""+":"#)), (5, 4));
    let lines_of_deleted = lines(&repository, deleted);
    assert_eq!((lines_of_deleted.len(), with_sign(&lines_of_deleted, r#""-":"#)), (5, 4));
}

#[test]
fn the_same_commit_differs_in_nothing() {
    let (_folder, repository) = repository();
    let roads = import(&repository, &layer("roads", &[("fid", "integer")]), &[&[Integer(1)]]);
    assert_eq!(diff(&repository, Some(&roads), &roads), CommitDiff::default());
    assert_eq!(repository.diff(None, None, &Interrupter::default()).unwrap(), CommitDiff::default());
}

#[test]
fn files_beside_and_above_the_layers_are_listed_and_hidden_ones_are_not() {
    let (_folder, repository) = repository();
    let files =
        [("README.md", "1"), ("a/LICENSE", "1"), (".kart.repostructure.version", "3\n"), ("same", "1")];
    let old = commit(repository.path(), "master", 1, &[], &files);
    let files = [("a/LICENSE", "2"), ("a/.hidden", "2"), ("new", "2"), ("same", "1")];
    let new = commit(repository.path(), "master", 2, &[&old], &files);
    let id = |id: &str| Some(id.parse().unwrap());
    let diff = repository.diff(id(&old), id(&new), &Interrupter::default()).unwrap();
    assert_eq!(
        lines(&repository, diff)[1..],
        [
            r#"{"type":"file","path":"README.md","change":{"-":"56a6051"}}"#,
            r#"{"type":"file","path":"a/LICENSE","change":{"-":"56a6051","+":"d8263ee"}}"#,
            r#"{"type":"file","path":"new","change":{"+":"d8263ee"}}"#,
        ]
    );
}

#[test]
fn a_comparison_that_is_interrupted_ends() {
    let (_folder, repository) = repository();
    let roads = import(&repository, &layer("roads", &[("fid", "integer")]), &[&[Integer(1)]]);
    let interrupter = Interrupter::default();
    interrupter.interrupt();
    assert!(repository.diff(None, Some(roads.id), &interrupter).is_err());
    let layers = diff(&repository, None, &roads).layers;
    let layer = repository.layer_diff(&layers[0]).unwrap();
    assert!(layer.features(&interrupter).is_err());
    // A count is remembered only if it is complete.
    repository.count_changes(layers[0].new, layers[0].old, &interrupter).unwrap_err();
    let counts = repository.count_changes(layers[0].new, layers[0].old, &Interrupter::default()).unwrap();
    assert_eq!(counts.deleted, 1);
}

#[test]
fn remembered_counts_that_are_damaged_are_made_again() {
    let (_folder, repository) = repository();
    let roads = import(&repository, &layer("roads", &[("fid", "integer")]), &[&[Integer(1)]]);
    let diff = diff(&repository, None, &roads);
    let expected = counts(&repository, &diff);
    let table = repository.path().join("longhaul-changes-1");
    let mut bytes = std::fs::read(&table).unwrap();
    for damage in [0_usize, 7, 60] {
        let at = bytes.iter().position(|byte| *byte != 0).unwrap() + damage;
        bytes[at] ^= 0x40;
        std::fs::write(&table, &bytes).unwrap();
        assert_eq!(counts(&repository, &diff), expected);
    }
    std::fs::write(&table, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(counts(&repository, &diff), expected);
    std::fs::remove_file(&table).unwrap();
    assert_eq!(counts(&repository, &diff), expected);
    assert_eq!(git(repository.path(), &["fsck", "--strict"]), "");
}
