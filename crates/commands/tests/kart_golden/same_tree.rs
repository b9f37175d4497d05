//! Compares a commit with Kart's, apart from column ids.

use std::collections::BTreeMap;

use crate::{
    golden::Golden,
    support::{
        git::{File, git},
        harness::Harness,
    },
    translation::Translation,
};

/// Compares every blob of `commit` with Kart's commit `at`, except excluded paths.
#[track_caller]
pub fn assert_same_tree(
    harness: &Harness,
    commit: &str,
    golden: &Golden,
    at: &str,
    translation: &mut Translation,
    is_compared: impl Fn(&str) -> bool,
) {
    let facts = golden.facts(at);
    let files = golden.tree(at).into_iter().filter(|file| is_compared(&file.path));
    let karts: BTreeMap<String, File> = files.map(|file| (file.path.clone(), file)).collect();
    for path in karts.keys().filter(|path| path.ends_with("/meta/schema.json")) {
        let ours = git(harness.git_dir(), &["cat-file", "blob", &format!("{commit}:{path}")]);
        let karts = facts["meta"][path]["text"].as_str().expect("Kart's schema is known");
        translation.learn(&ours, karts);
    }
    let ours = translation.apply(harness.git_dir(), commit);

    let missing: Vec<_> = karts.keys().filter(|path| !ours.contains_key(*path)).collect();
    let surplus: Vec<_> = ours.keys().filter(|path| !karts.contains_key(*path)).collect();
    let is_other = |file: &&File| karts.get(&file.path).is_some_and(|karts| karts != *file);
    let other: Vec<_> = ours.values().filter(is_other).collect();
    assert!(
        missing.is_empty() && surplus.is_empty() && other.is_empty(),
        "missing {missing:#?}, surplus {surplus:#?}, different {other:#?}"
    );
}

/// Compares the commit messages.
#[track_caller]
pub fn assert_same_message(harness: &Harness, commit: &str, golden: &Golden, at: &str) {
    let message = |commit: &str| commit.split_once("\n\n").unwrap().1.to_owned();
    let ours = message(&git(harness.git_dir(), &["cat-file", "commit", commit]));
    let facts = golden.facts(at);
    assert_eq!(ours, message(facts["commit_text"].as_str().unwrap()));
}
