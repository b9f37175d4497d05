//! Rules for the workspace as a whole, checked against `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// The dependencies between the crates of the workspace: exactly these, as drawn in ARCHITECTURE.md.
const DEPENDENCIES: [(&str, &[&str]); 16] = [
    (
        "longhaul",
        &[
            "longhaul-tasks-web",
            "longhaul-commands",
            "longhaul-tasks",
            "longhaul-repository",
            "longhaul-formats",
            "longhaul-layer-index",
            "longhaul-disk-cache",
            "longhaul-projection",
            "longhaul-geodata",
            "longhaul-multipart",
        ],
    ),
    ("longhaul-tasks-web", &["longhaul-tasks"]),
    (
        "longhaul-commands",
        &[
            "longhaul-tasks",
            "longhaul-repository",
            "longhaul-formats",
            "longhaul-geopackage",
            "longhaul-osm",
            "longhaul-geodata",
            "longhaul-projection",
            "longhaul-layer-index",
        ],
    ),
    ("longhaul-repository", &["longhaul-geodata"]),
    ("longhaul-projection", &["longhaul-geodata"]),
    (
        "longhaul-layer-index",
        &["longhaul-repository", "longhaul-disk-cache", "longhaul-external-sort", "longhaul-geodata"],
    ),
    ("longhaul-formats", &["longhaul-geodata", "longhaul-external-sort"]),
    ("longhaul-geopackage", &["longhaul-geodata", "longhaul-external-sort"]),
    ("longhaul-osm", &["longhaul-geodata"]),
    ("longhaul-tasks", &[]),
    ("longhaul-disk-cache", &[]),
    ("longhaul-external-sort", &[]),
    ("longhaul-tasks-contract", &["longhaul-tasks"]),
    ("longhaul-geodata", &[]),
    ("longhaul-multipart", &[]),
    (
        "fuzz-targets",
        &[
            "longhaul-tasks",
            "longhaul-tasks-web",
            "longhaul-geopackage",
            "longhaul-osm",
            "longhaul-geodata",
            "longhaul-multipart",
        ],
    ),
];

/// A dependency must offer at least one of these.
const LICENCES: [&str; 15] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unlicense",
    "CC0-1.0",
    "Unicode-3.0",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    // The licence of bzip2 itself, similar to BSD and Zlib.
    "bzip2-1.0.6",
];

#[test]
fn the_crates_depend_on_each_other_exactly_as_the_architecture_says() {
    let packages = packages(&["--no-deps"]);
    let ours: BTreeSet<&str> = packages.iter().map(name).collect();
    let actual: BTreeMap<&str, BTreeSet<&str>> = packages
        .iter()
        .filter(|package| name(package) != "xtask")
        .map(|package| {
            let internal = normal_dependencies(package).filter(|dependency| ours.contains(dependency));
            (name(package), internal.collect())
        })
        .collect();
    let expected = DEPENDENCIES.map(|(from, to)| (from, to.iter().copied().collect()));
    assert_eq!(
        actual,
        BTreeMap::from(expected),
        "the dependencies in the manifests, and those in DEPENDENCIES"
    );
}

#[test]
fn every_dependency_has_a_permissive_licence() {
    let mut refused = BTreeMap::new();
    for package in packages(&["--locked", "--filter-platform", HOST]) {
        let licence = package["license"].as_str().unwrap_or("none named").to_owned();
        if !is_permissive(&licence) {
            refused.insert(name(&package).to_owned(), licence);
        }
    }
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn a_licence_expression_is_permissive_if_all_its_required_parts_are() {
    assert!(is_permissive("MIT OR GPL-3.0-only"));
    assert!(is_permissive("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(is_permissive("Apache-2.0/MIT"));
    assert!(!is_permissive("MIT AND GPL-2.0-only"));
    assert!(!is_permissive("none named"));
}

/// Limits the check to dependencies of one platform, so that cargo need not download crates that are not built.
const HOST: &str = "x86_64-unknown-linux-gnu";

fn packages(args: &[&str]) -> Vec<Value> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["metadata", "--format-version=1"]).args(args);
    let output = cargo.output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    metadata["packages"].as_array().expect("a list of packages").clone()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("a package has a name")
}

/// Without those of tests and build scripts.
fn normal_dependencies(package: &Value) -> impl Iterator<Item = &str> {
    let all = package["dependencies"].as_array().into_iter().flatten();
    all.filter(|dependency| dependency["kind"].is_null()).filter_map(|dependency| dependency["name"].as_str())
}

/// Evaluates an SPDX expression: `AND` requires all licences, `OR` (and the old `/`) one of them. Brackets occur only around an `OR`.
fn is_permissive(expression: &str) -> bool {
    let flat = expression.replace('/', " OR ").replace(['(', ')'], "");
    flat.split(" AND ").all(|required| required.split(" OR ").any(|choice| LICENCES.contains(&choice.trim())))
}
