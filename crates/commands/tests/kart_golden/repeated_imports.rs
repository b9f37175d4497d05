//! Repeated imports of a layer whose file changes.

use std::collections::BTreeSet;

use crate::{
    golden::{Golden, golden},
    same_tree::assert_same_tree,
    support::{
        git::{assert_clean, files, git},
        harness::Harness,
    },
    translation::Translation,
};

#[test]
fn a_layer_whose_rows_and_columns_change_keeps_what_kart_keeps() {
    // Rows are edited; columns are added, dropped, renamed and widened, and change their type.
    replay("reimport", &["re-v1", "re-v2", "re-v3", "re-v4", "re-v5", "re-v6"]);
}

#[test]
fn rows_without_a_key_keep_the_keys_that_kart_keeps() {
    replay("reimport-nopk", &["re-nopk1", "re-nopk2"]);
}

/// Imports one file after the other, and compares each commit and its changes with Kart's.
fn replay(name: &str, versions: &[&str]) {
    let Some(golden) = golden(name) else { return };
    let harness = Harness::new();
    let mut translation = Translation::default();
    for (at, version) in versions.iter().enumerate() {
        let file = golden.unpack(version, harness.scratch());
        let commit = harness.import(harness.job(&file));
        let kart = commit_at(versions.len() - 1 - at);
        assert_same_tree(&harness, &commit, &golden, &kart, &mut translation, |_| true);
        if at > 0 {
            let karts = changes_of_kart(&golden, &commit_at(versions.len() - at), &kart);
            assert_eq!(changes(&harness, &commit), karts, "{version}");
        }
    }
    assert_clean(harness.git_dir());
}

/// The name in the recorded files of the commit this many steps before the newest.
fn commit_at(before_newest: usize) -> String {
    match before_newest {
        0 => String::new(),
        steps => format!(".HEAD-{steps}"),
    }
}

/// The features that `git` reports as changed since the parent commit.
fn changes(harness: &Harness, commit: &str) -> BTreeSet<String> {
    let parent = format!("{commit}^");
    let changed = git(harness.git_dir(), &["diff-tree", "-r", "-z", "--name-only", &parent, commit]);
    changed.split_terminator('\0').filter(|path| is_feature(path)).map(str::to_owned).collect()
}

/// The features that differ between two commits of Kart.
fn changes_of_kart(golden: &Golden, before: &str, after: &str) -> BTreeSet<String> {
    let features = |at: &str| -> BTreeSet<(String, String)> {
        let files = golden.tree(at).into_iter().filter(|file| is_feature(&file.path));
        files.map(|file| (file.path, file.id)).collect()
    };
    let (before, after) = (features(before), features(after));
    before.symmetric_difference(&after).map(|(path, _)| path.clone()).collect()
}

fn is_feature(path: &str) -> bool {
    path.contains("/.table-dataset/feature/")
}

#[test]
fn a_row_that_keeps_its_blob_keeps_it_in_our_repository_too() {
    let Some(golden) = golden("reimport") else { return };
    let harness = Harness::new();
    let feature = |commit: &str, key: &str| {
        let files = files(harness.git_dir(), commit);
        files.into_iter().find(|file| file.path.ends_with(&format!("/{key}"))).unwrap().id
    };
    let commits: Vec<_> = ["re-v2", "re-v3", "re-v4"]
        .iter()
        .map(|version| harness.import(harness.job(&golden.unpack(version, harness.scratch()))))
        .collect();
    // Key 1 has no value in the new column, key 5 has one.
    assert_eq!(feature(&commits[0], "kQE="), feature(&commits[1], "kQE="));
    assert_ne!(feature(&commits[0], "kQU="), feature(&commits[1], "kQU="));
    assert_eq!(feature(&commits[1], "kQU="), feature(&commits[2], "kQU="));
}
