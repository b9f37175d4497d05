//! One import into an empty repository.

use std::{collections::BTreeMap, path::Path};

use commands::ImportGeopackage;
use serde_json::Value;

use crate::{
    golden::{Golden, golden},
    support::{
        git::{File, assert_clean, git},
        studio::Studio,
    },
    translation::Translation,
};

#[test]
fn one_small_layer_becomes_what_kart_makes_of_it() {
    compare("e2e");
}

#[test]
fn texts_as_keys_become_what_kart_makes_of_them() {
    compare("gpkg-stringpk");
}

fn compare(name: &str) {
    let Some(golden) = golden(name) else { return };
    let studio = Studio::new();
    let file = golden.unpack(name, studio.scratch());
    let commit = studio.import(studio.job(&file));
    assert_clean(studio.git_dir());
    assert_same_tree(&studio, &commit, &golden, |_| true);
    assert_same_message(&studio, &commit, &golden);
}

fn assert_same_message(studio: &Studio, commit: &str, golden: &Golden) {
    let raw = git(studio.git_dir(), &["cat-file", "commit", commit]);
    let facts = golden.facts("");
    let karts = facts["commit_text"].as_str().unwrap().split_once("\n\n").unwrap().1;
    assert_eq!(raw.split_once("\n\n").unwrap().1, karts);
}

fn assert_same_tree(studio: &Studio, commit: &str, golden: &Golden, is_compared: impl Fn(&str) -> bool) {
    let facts = golden.facts("");
    let karts: BTreeMap<String, File> = golden
        .tree("")
        .into_iter()
        .filter(|file| is_compared(&file.path))
        .map(|file| (file.path.clone(), file))
        .collect();
    let mut translation = Translation::default();
    for path in karts.keys().filter(|path| path.ends_with("/meta/schema.json")) {
        let ours = git(studio.git_dir(), &["cat-file", "blob", &format!("{commit}:{path}")]);
        translation.learn(&ours, facts["meta"][path]["text"].as_str().unwrap());
    }
    let ours = translation.apply(studio.git_dir(), commit);
    assert_same_files(&ours, &karts);
}

#[track_caller]
fn assert_same_files(ours: &BTreeMap<String, File>, karts: &BTreeMap<String, File>) {
    let missing: Vec<_> = karts.keys().filter(|path| !ours.contains_key(*path)).collect();
    let surplus: Vec<_> = ours.keys().filter(|path| !karts.contains_key(*path)).collect();
    let other: Vec<_> =
        ours.values().filter(|file| karts.get(&file.path).is_some_and(|kart| kart != *file)).collect();
    assert!(
        missing.is_empty() && surplus.is_empty() && other.is_empty(),
        "missing {missing:#?}, surplus {surplus:#?}, different {other:#?}"
    );
}
