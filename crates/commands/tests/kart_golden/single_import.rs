//! Single imports into an empty repository.

use longhaul_commands::ImportGeopackage;

use crate::{
    decoded::assert_same_rows,
    golden::golden,
    same_tree::{assert_same_message, assert_same_tree},
    support::{
        git::{assert_clean, git},
        harness::Harness,
    },
    translation::Translation,
};

/// The features of a repository as Kart printed them, one per line.
const DIFF: &str = "kart-diff.jsonl.gz";

#[test]
fn a_layer_with_a_metadata_document_becomes_what_kart_makes_of_it() {
    compare("e2e", Decode::ByKart);
}

#[test]
fn texts_as_keys_become_what_kart_makes_of_them() {
    compare("gpkg-stringpk", Decode::ByKart);
}

#[test]
fn points_with_heights_become_what_kart_makes_of_them() {
    compare("gpkg-3d-points", Decode::ByKart);
}

#[test]
fn several_layers_become_one_commit_as_with_kart() {
    compare("gpkg-au-census", Decode::None);
}

#[test]
fn edited_layers_become_what_kart_makes_of_them() {
    compare("gpkg-editing", Decode::ByKart);
}

#[test]
fn thousands_of_points_become_what_kart_makes_of_them() {
    compare("gpkg-points", Decode::ByKart);
}

#[test]
fn a_layer_without_reference_system_becomes_what_kart_makes_of_it() {
    compare("gpkg-points-no-crs", Decode::None);
}

#[test]
fn polygons_become_what_kart_makes_of_them() {
    compare("gpkg-polygons", Decode::ByKart);
}

#[test]
fn all_types_become_what_kart_makes_of_them() {
    compare("gpkg-types", Decode::ByKart);
}

/// Whether the features that Kart read are recorded.
#[derive(PartialEq)]
enum Decode {
    ByKart,
    None,
}

fn compare(name: &str, decode: Decode) {
    let Some(golden) = golden(name) else { return };
    let harness = Harness::new();
    let file = golden.unpack(name, harness.scratch());
    let commit = harness.import(harness.job(&file));
    assert_clean(harness.git_dir());
    assert_same_tree(&harness, &commit, &golden, "", &mut Translation::default(), |_| true);
    assert_same_message(&harness, &commit, &golden, "");
    match golden.rows(DIFF) {
        Some(rows) => assert_same_rows(&harness.repository, &commit, rows, |_| true),
        None => assert!(decode == Decode::None, "Kart's decode is missing"),
    }
}

#[test]
fn the_edges_of_every_type_and_encoding_become_what_kart_makes_of_them() {
    let Some(golden) = golden("edge") else { return };
    let harness = Harness::new();
    let file = golden.unpack("edge", harness.scratch());
    let of_layer = |layer: &str| ImportGeopackage { layer: Some(layer.to_owned()), ..harness.job(&file) };
    let is_composite = |path: &str| path.starts_with("composite_pk");

    let mut layers: Vec<_> =
        golden.tree("").iter().filter_map(|file| dataset_of(&file.path).map(str::to_owned)).collect();
    layers.dedup();
    assert!(layers.len() > 10);
    let mut commit = String::new();
    for layer in &layers {
        if is_composite(layer) {
            let error = harness.expect_failure(of_layer(layer));
            assert!(error.contains(layer) && error.contains("primary key of several columns"), "{error}");
        } else {
            commit = harness.import(of_layer(layer));
        }
    }

    assert_clean(harness.git_dir());
    let mut translation = Translation::default();
    assert_same_tree(&harness, &commit, &golden, "", &mut translation, |path| !is_composite(path));
    let rows = golden.rows(DIFF).unwrap();
    assert_same_rows(&harness.repository, &commit, rows, |dataset| !is_composite(dataset));
}

#[test]
fn a_whole_file_with_a_composite_key_is_refused_by_name() {
    let Some(golden) = golden("edge") else { return };
    let harness = Harness::new();
    let file = golden.unpack("edge", harness.scratch());
    let error = harness.expect_failure(harness.job(&file));
    assert!(error.contains(r#"layer "composite_pk" of edge.gpkg"#), "{error}");
}

#[test]
fn the_same_file_gives_the_same_tree_on_every_server() {
    let Some(golden) = golden("gpkg-au-census") else { return };
    let tree = |threads| {
        let harness = Harness::with_threads(threads);
        let file = golden.unpack("gpkg-au-census", harness.scratch());
        let commit = harness.import(harness.job(&file));
        git(harness.git_dir(), &["rev-parse", &format!("{commit}^{{tree}}")])
    };
    assert_eq!(tree(1), tree(4));
}

fn dataset_of(path: &str) -> Option<&str> {
    path.split_once("/.table-dataset/").map(|(dataset, _)| dataset)
}
