//! Compares differences in JSON Lines with those that Kart printed.

use std::collections::BTreeSet;

use longhaul_commands::ImportGeopackage;
use longhaul_repository::{Interrupter, JsonLines, Repository};

use crate::{
    golden::{Golden, golden},
    repositories::{NAMES, serve},
    support::{git::git, harness::Harness},
    translation::Translation,
};

#[test]
fn the_differences_of_repositories_made_by_kart_are_those_that_kart_prints() {
    let Some(golden) = golden("kart-made-repos") else { return };
    for name in NAMES {
        let harness = serve(&golden, name);
        let head = git(harness.git_dir(), &["rev-parse", "HEAD"]);
        assert_same_lines(
            name,
            &printed(&harness.repository, &head),
            &golden.lines(&format!("{name}.diff.jsonl.gz")).unwrap(),
        );
    }
}

/// Kart printed no difference with updates, but all features of the last commit.
#[test]
fn the_updates_between_commits_made_by_kart_lead_to_the_features_that_kart_prints() {
    let Some(golden) = golden("kart-made-repos") else { return };
    let mut updates = 0;
    for name in NAMES {
        let harness = serve(&golden, name);
        let commits = git(harness.git_dir(), &["rev-list", "--reverse", "--first-parent", "HEAD"]);
        let commits: Vec<&str> = commits.lines().collect();
        let mut features = features(&printed(&harness.repository, commits[0]));
        for commits in commits.windows(2) {
            let difference = printed_between(&harness.repository, Some(commits[0]), commits[1]);
            if difference.contains(r#""key":"schema.json","change""#) {
                // The features that stay are printed with other columns.
                features = self::features(&printed(&harness.repository, commits[1]));
                continue;
            }
            updates += apply(&difference, &mut features);
        }
        let karts = golden.lines(&format!("{name}.diff.jsonl.gz")).unwrap();
        assert_eq!(features, self::features(&karts), "{name}");
    }
    assert!(updates > 0);
}

/// A layer, and the values of a feature as JSON.
type Features = BTreeSet<(String, String)>;

/// All features that are printed as added.
fn features(lines: &str) -> Features {
    let mut features = Features::new();
    apply(lines, &mut features);
    features
}

/// Changes the features as the lines say. Returns how many were changed that stay.
fn apply(lines: &str, features: &mut Features) -> usize {
    let mut updates = 0;
    for line in lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()) {
        if line["type"] != "feature" {
            continue;
        }
        let side = |sign: &str| {
            let values = line["change"].get(sign)?.to_string();
            Some((line["dataset"].as_str().unwrap().to_owned(), values))
        };
        let (old, new) = (side("-"), side("+"));
        updates += usize::from(old.is_some() && new.is_some());
        if let Some(old) = old {
            assert!(features.remove(&old), "the old values are those of the first version: {old:?}");
        }
        assert!(new.is_none_or(|new| features.insert(new)));
    }
    updates
}

#[test]
fn the_differences_of_imports_are_those_that_kart_prints_of_its_own() {
    for name in [
        "e2e",
        "gpkg-3d-points",
        "gpkg-editing",
        "gpkg-points",
        "gpkg-polygons",
        "gpkg-stringpk",
        "gpkg-types",
    ] {
        let Some(golden) = golden(name) else { return };
        let harness = Harness::new();
        let file = golden.unpack(name, harness.scratch());
        let commit = harness.import(harness.job(&file));
        compare(name, &harness, &commit, &golden, |_| true);
    }
}

#[test]
fn the_edges_of_every_type_are_printed_as_kart_prints_them() {
    let Some(golden) = golden("edge") else { return };
    let harness = Harness::new();
    let file = golden.unpack("edge", harness.scratch());
    let mut commit = String::new();
    let is_compared = |dataset: &str| !dataset.starts_with("composite_pk");
    for layer in layers(&golden.lines("kart-diff.jsonl.gz").unwrap()) {
        if is_compared(&layer) {
            commit = harness.import(ImportGeopackage { layer: Some(layer), ..harness.job(&file) });
        }
    }
    compare("edge", &harness, &commit, &golden, is_compared);
}

/// Compares all lines, with Kart's column ids.
#[track_caller]
fn compare(name: &str, harness: &Harness, commit: &str, golden: &Golden, is_compared: impl Fn(&str) -> bool) {
    let is_compared = |line: &&str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let path = line["dataset"].as_str().or(line["path"].as_str()).unwrap_or_default().to_owned();
        is_compared(&path)
    };
    let karts = golden.lines("kart-diff.jsonl.gz").unwrap();
    let karts: Vec<&str> = karts.lines().filter(is_compared).collect();
    let ours = printed(&harness.repository, commit);
    let mut translation = Translation::default();
    for (our, kart) in ours.lines().zip(&karts).filter(|(_, kart)| kart.contains(r#""key":"schema.json""#)) {
        let schema =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["change"]["+"].to_string();
        translation.learn(&schema(our), &schema(kart));
    }
    assert_same_lines(
        name,
        &String::from_utf8(translation.bytes(ours.as_bytes())).unwrap(),
        &(karts.join("\n") + "\n"),
    );
}

#[track_caller]
fn assert_same_lines(name: &str, ours: &str, karts: &str) {
    for (our, kart) in ours.lines().zip(karts.lines()) {
        assert_eq!(our, kart, "{name}");
    }
    assert!(ours == karts, "{name}: as many lines, with the same ends");
}

fn printed(repository: &Repository, commit: &str) -> String {
    printed_between(repository, None, commit)
}

fn printed_between(repository: &Repository, old: Option<&str>, new: &str) -> String {
    let interrupter = Interrupter::default();
    let (old, new) = (old.map(|old| old.parse().unwrap()), new.parse().unwrap());
    let diff = repository.diff(old, Some(new), &interrupter).unwrap();
    let mut lines = JsonLines::new(repository, diff, &interrupter);
    let mut text = Vec::new();
    while lines.next_line(&mut text).unwrap() {}
    String::from_utf8(text).unwrap()
}

fn layers(lines: &str) -> Vec<String> {
    let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let datasets = lines.filter(|line| line["type"] == "dataset");
    datasets.map(|line| line["path"].as_str().unwrap().to_owned()).collect()
}
