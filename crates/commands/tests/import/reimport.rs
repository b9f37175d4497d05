//! Imports of a layer that exists already.

use longhaul_commands::ImportGeopackage;

use crate::support::{
    git::{assert_clean, git, output},
    gpkg::{ROADS, gpkg, point, points},
    harness::Harness,
    rows::rows,
};

/// Imports `sql` as `f.gpkg`.
fn import(harness: &Harness, sql: &str) -> String {
    harness.import(harness.job(&gpkg(harness.scratch(), "f.gpkg", sql)))
}

fn adding(harness: &Harness, sql: &str) -> ImportGeopackage {
    ImportGeopackage { add: true, ..harness.job(&gpkg(harness.scratch(), "f.gpkg", sql)) }
}

#[test]
fn an_identical_import_makes_no_commit() {
    let harness = Harness::new();
    let commit = import(&harness, ROADS);
    let file = gpkg(harness.scratch(), "other.gpkg", ROADS);
    assert_eq!(harness.expect_failure(harness.job(&file)), format!("Nothing to commit after {commit}"));
    let adding = ImportGeopackage { add: true, ..harness.job(&file) };
    assert_eq!(harness.expect_failure(adding), format!("Nothing to commit after {commit}"));
}

#[test]
fn a_layer_imported_again_is_replaced() {
    let harness = Harness::new();
    let first = import(&harness, ROADS);
    let second = import(
        &harness,
        "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT); INSERT INTO roads VALUES (2, 'Low Street'), (3, 'New');",
    );
    assert_eq!(rows(&harness.repository, &second, "roads"), ["2|Low Street", "3|New"]);
    assert_eq!(git(harness.git_dir(), &["rev-parse", &format!("{second}^")]), first);
    let changed = git(harness.git_dir(), &["diff-tree", "-r", "--name-status", &first, &second]);
    assert_eq!(
        changed,
        "D\troads/.table-dataset/feature/A/A/A/A/kQE=\nA\troads/.table-dataset/feature/A/A/A/A/kQM="
    );
    assert_clean(harness.git_dir());
}

#[test]
fn only_what_is_new_is_written() {
    let harness = Harness::new();
    let many = "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
        INSERT INTO roads SELECT i, 'road ' || i FROM n;";
    import(&harness, many);
    import(&harness, &format!("{many} UPDATE roads SET name = 'changed' WHERE fid = 500;"));
    let packs = git(harness.git_dir(), &["count-objects", "-v"]);
    assert!(packs.contains("packs: 2"), "{packs}");
    let written = newest_pack(&harness);
    // A feature, its four trees and the feature tree, the dataset and its metadata, the root tree, the commit.
    assert!(written.len() <= 12, "{written:#?}");
    assert_clean(harness.git_dir());
}

/// The objects in the smallest pack.
fn newest_pack(harness: &Harness) -> Vec<String> {
    let mut listings = Vec::new();
    for entry in std::fs::read_dir(harness.git_dir().join("objects/pack")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "idx") {
            let listing = git(harness.git_dir(), &["verify-pack", "-v", path.to_str().unwrap()]);
            let is_object =
                |line: &&str| line.contains(" blob ") || line.contains(" tree ") || line.contains(" commit ");
            listings.push(listing.lines().filter(is_object).map(str::to_owned).collect::<Vec<_>>());
        }
    }
    listings.into_iter().min_by_key(Vec::len).unwrap()
}

#[test]
fn adding_takes_rows_over_by_their_key_and_keeps_the_rest() {
    let harness = Harness::new();
    import(&harness, ROADS);
    let more = "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT); INSERT INTO roads VALUES (2, 'Upper Street'), (900, 'Far');";
    let commit = harness.import(adding(&harness, more));
    assert_eq!(rows(&harness.repository, &commit, "roads"), ["1|High Street", "2|Upper Street", "900|Far"]);
    assert_clean(harness.git_dir());
}

#[test]
fn adding_to_texts_as_keys_takes_them_over_too() {
    let harness = Harness::new();
    let table = "CREATE TABLE roads (code TEXT PRIMARY KEY NOT NULL, name TEXT);";
    import(&harness, &format!("{table} INSERT INTO roads VALUES ('a', 'x'), ('b', 'y');"));
    let more = format!("{table} INSERT INTO roads VALUES ('b', 'Y'), ('c', 'z');");
    let commit = harness.import(adding(&harness, &more));
    assert_eq!(rows(&harness.repository, &commit, "roads"), ["a|x", "b|Y", "c|z"]);
    assert_clean(harness.git_dir());
}

#[test]
fn adding_to_a_layer_that_is_not_there_makes_it() {
    let harness = Harness::new();
    let commit = harness.import(adding(&harness, ROADS));
    assert_eq!(rows(&harness.repository, &commit, "roads").len(), 2);
}

#[test]
fn adding_rows_to_a_table_without_keys_keeps_both() {
    let harness = Harness::new();
    let table = "CREATE TABLE roads (name TEXT);";
    import(&harness, &format!("{table} INSERT INTO roads VALUES ('a'), ('b');"));
    let commit = harness.import(adding(&harness, &format!("{table} INSERT INTO roads VALUES ('b'), ('c');")));
    assert_eq!(rows(&harness.repository, &commit, "roads"), ["1|a", "2|b", "3|c"]);
}

#[test]
fn a_column_that_comes_with_added_rows_is_empty_in_the_others() {
    let harness = Harness::new();
    import(&harness, ROADS);
    let more = "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT, lanes INTEGER); INSERT INTO roads VALUES (3, 'New', 4);";
    let commit = harness.import(adding(&harness, more));
    assert_eq!(
        rows(&harness.repository, &commit, "roads"),
        ["1|High Street|NULL", "2|Low Street|NULL", "3|New|4"]
    );
    assert_clean(harness.git_dir());
}

#[test]
fn rows_that_lack_a_column_are_not_added() {
    let harness = Harness::new();
    import(&harness, ROADS);
    let error = harness
        .expect_failure(adding(&harness, "CREATE TABLE roads (fid INTEGER PRIMARY KEY, length REAL);"));
    assert_eq!(
        error,
        "features cannot be added to layer 'roads': they have no column 'name'; import it without add to replace the layer"
    );
}

#[test]
fn rows_of_another_type_are_not_added() {
    let harness = Harness::new();
    import(&harness, ROADS);
    let error = harness
        .expect_failure(adding(&harness, "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name INTEGER);"));
    assert!(error.contains("column 'name' is text there and integer here"), "{error}");
}

#[test]
fn rows_with_another_key_are_not_added() {
    let harness = Harness::new();
    import(&harness, ROADS);
    let error = harness.expect_failure(adding(
        &harness,
        "CREATE TABLE roads (fid INTEGER, name TEXT PRIMARY KEY NOT NULL);",
    ));
    assert!(error.contains("column 'fid' is the primary key of only one of them"), "{error}");
}

#[test]
fn rows_in_another_reference_system_are_not_added() {
    let harness = Harness::new();
    let table = "CREATE TABLE trees (fid INTEGER PRIMARY KEY, geom POINT);";
    let first =
        format!("{table} INSERT INTO trees VALUES (1, {}); {}", point(1.0, 2.0), points("trees", 4326));
    import(&harness, &first);
    let second =
        format!("{table} INSERT INTO trees VALUES (2, {}); {}", point(1.0, 2.0), points("trees", 2193));
    let error = harness.expect_failure(adding(&harness, &second));
    assert!(
        error.contains("the coordinate reference system is EPSG:4326 there and EPSG:2193 here"),
        "{error}"
    );
}

#[test]
fn a_layer_that_a_later_file_lacks_stays() {
    let harness = Harness::new();
    let first = import(
        &harness,
        &format!("{ROADS} CREATE TABLE water (fid INTEGER PRIMARY KEY); INSERT INTO water VALUES (7);"),
    );
    let second = import(&harness, "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT);");
    assert!(rows(&harness.repository, &second, "roads").is_empty());
    assert_eq!(rows(&harness.repository, &second, "water"), ["7"]);
    let tree = |commit: &str| git(harness.git_dir(), &["rev-parse", &format!("{commit}:water")]);
    assert_eq!(tree(&first), tree(&second));
}

#[test]
fn files_beside_a_layer_stay() {
    let harness = Harness::new();
    let first = import(&harness, ROADS);
    let blob = String::from_utf8(crate::support::git::output(
        harness.git_dir(),
        &["hash-object", "-w", "--stdin"],
        b"free for all",
    ));
    let blob = blob.unwrap().trim().to_owned();
    let index = ["update-index", "--add", "--cacheinfo"];
    git(harness.git_dir(), &["read-tree", &first]);
    git(harness.git_dir(), &[&index[..], &[&format!("100755,{blob},roads/LICENCE")]].concat());
    git(harness.git_dir(), &[&index[..], &[&format!("100644,{blob},README.md")]].concat());
    git(
        harness.git_dir(),
        &[&index[..], &[&format!("100644,{blob},roads/.table-dataset/meta/tags.json")]].concat(),
    );
    let tree = git(harness.git_dir(), &["write-tree"]);
    let commit = git(harness.git_dir(), &["commit-tree", &tree, "-p", &first, "-m", "attach"]);
    git(harness.git_dir(), &["update-ref", "refs/heads/master", &commit]);

    let second = import(&harness, "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT);");
    let changed = git(harness.git_dir(), &["diff-tree", "-r", "--name-status", &commit, &second]);
    assert_eq!(
        changed,
        "D\troads/.table-dataset/feature/A/A/A/A/kQE=\nD\troads/.table-dataset/feature/A/A/A/A/kQI="
    );
    assert_clean(harness.git_dir());
}

#[test]
fn columns_stay_wide_enough_for_the_features_that_stay() {
    let harness = Harness::new();
    import(
        &harness,
        "CREATE TABLE t (fid INTEGER PRIMARY KEY, n INTEGER, s TEXT(50)); INSERT INTO t VALUES (1, 1000000, 'long');",
    );
    let narrow =
        "CREATE TABLE t (fid INTEGER PRIMARY KEY, n TINYINT, s TEXT(5)); INSERT INTO t VALUES (2, 1, 's');";
    let commit = harness.import(adding(&harness, narrow));
    let schema =
        git(harness.git_dir(), &["cat-file", "blob", &format!("{commit}:t/.table-dataset/meta/schema.json")]);
    assert!(schema.contains(r#""name": "n", "dataType": "integer", "size": 64"#), "{schema}");
    assert!(schema.contains(r#""name": "s", "dataType": "text", "length": 50"#), "{schema}");
    assert_eq!(rows(&harness.repository, &commit, "t"), ["1|1000000|long", "2|1|s"]);
}

#[test]
fn geometries_of_another_type_are_not_added() {
    let harness = Harness::new();
    let table = format!("CREATE TABLE p (fid INTEGER PRIMARY KEY, geom POINT); {}", points("p", 4326));
    import(&harness, &table);
    let lines = format!("{table} UPDATE gpkg_geometry_columns SET geometry_type_name = 'LINESTRING';");
    let error = harness.expect_failure(adding(&harness, &lines));
    assert!(error.contains("the geometries are POINT there and LINESTRING here"), "{error}");
}

#[test]
fn a_folder_that_is_no_layer_is_not_replaced() {
    let harness = Harness::new();
    let write = |arguments: &[&str], input: &str| {
        let out = output(harness.git_dir(), arguments, input.as_bytes());
        String::from_utf8(out).unwrap().trim().to_owned()
    };
    let blob = write(&["hash-object", "-w", "--stdin"], "Read me.");
    let docs = write(&["mktree"], &format!("100644 blob {blob}\tREADME\n"));
    let root = write(&["mktree"], &format!("040000 tree {docs}\troads\n"));
    let commit =
        write(&["-c", "user.name=x", "-c", "user.email=x@x", "commit-tree", "-m", "docs", &root], "");
    git(harness.git_dir(), &["update-ref", "refs/heads/master", &commit]);
    let error = harness.expect_failure(harness.job(&gpkg(harness.scratch(), "f.gpkg", ROADS)));
    assert_eq!(error, "a layer cannot be kept as 'roads': there is a folder that is not a layer");
    assert_eq!(git(harness.git_dir(), &["rev-parse", "master"]), commit);
}
