//! A layer that is there already.

use longhaul_commands::ImportGeopackage;

use crate::support::{
    git::{assert_clean, git, output},
    gpkg::{ROADS, gpkg, point, points},
    rows::rows,
    studio::Studio,
};

/// Imports `sql` as `f.gpkg`.
fn import(studio: &Studio, sql: &str) -> String {
    studio.import(studio.job(&gpkg(studio.scratch(), "f.gpkg", sql)))
}

fn adding(studio: &Studio, sql: &str) -> ImportGeopackage {
    ImportGeopackage { add: true, ..studio.job(&gpkg(studio.scratch(), "f.gpkg", sql)) }
}

#[test]
fn an_identical_import_makes_no_commit() {
    let studio = Studio::new();
    let commit = import(&studio, ROADS);
    let file = gpkg(studio.scratch(), "other.gpkg", ROADS);
    assert_eq!(studio.refusal(studio.job(&file)), format!("Nothing to commit after {commit}"));
    let adding = ImportGeopackage { add: true, ..studio.job(&file) };
    assert_eq!(studio.refusal(adding), format!("Nothing to commit after {commit}"));
}

#[test]
fn a_layer_imported_again_is_replaced() {
    let studio = Studio::new();
    let first = import(&studio, ROADS);
    let second = import(
        &studio,
        "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT); INSERT INTO roads VALUES (2, 'Low Street'), (3, 'New');",
    );
    assert_eq!(rows(&studio.repository, &second, "roads"), ["2|Low Street", "3|New"]);
    assert_eq!(git(studio.git_dir(), &["rev-parse", &format!("{second}^")]), first);
    let changed = git(studio.git_dir(), &["diff-tree", "-r", "--name-status", &first, &second]);
    assert_eq!(
        changed,
        "D\troads/.table-dataset/feature/A/A/A/A/kQE=\nA\troads/.table-dataset/feature/A/A/A/A/kQM="
    );
    assert_clean(studio.git_dir());
}

#[test]
fn only_what_is_new_is_written() {
    let studio = Studio::new();
    let many = "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
        INSERT INTO roads SELECT i, 'road ' || i FROM n;";
    import(&studio, many);
    import(&studio, &format!("{many} UPDATE roads SET name = 'changed' WHERE fid = 500;"));
    let packs = git(studio.git_dir(), &["count-objects", "-v"]);
    assert!(packs.contains("packs: 2"), "{packs}");
    let written = newest_pack(&studio);
    // A feature, the four trees and the feature tree above it, the dataset with its meta, the root, the commit.
    assert!(written.len() <= 12, "{written:#?}");
    assert_clean(studio.git_dir());
}

/// The objects of the smallest pack.
fn newest_pack(studio: &Studio) -> Vec<String> {
    let mut listings = Vec::new();
    for entry in std::fs::read_dir(studio.git_dir().join("objects/pack")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "idx") {
            let listing = git(studio.git_dir(), &["verify-pack", "-v", path.to_str().unwrap()]);
            let is_object =
                |line: &&str| line.contains(" blob ") || line.contains(" tree ") || line.contains(" commit ");
            listings.push(listing.lines().filter(is_object).map(str::to_owned).collect::<Vec<_>>());
        }
    }
    listings.into_iter().min_by_key(Vec::len).unwrap()
}

#[test]
fn adding_takes_rows_over_by_their_key_and_keeps_the_rest() {
    let studio = Studio::new();
    import(&studio, ROADS);
    let more = "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT); INSERT INTO roads VALUES (2, 'Upper Street'), (900, 'Far');";
    let commit = studio.import(adding(&studio, more));
    assert_eq!(rows(&studio.repository, &commit, "roads"), ["1|High Street", "2|Upper Street", "900|Far"]);
    assert_clean(studio.git_dir());
}

#[test]
fn adding_to_texts_as_keys_takes_them_over_too() {
    let studio = Studio::new();
    let table = "CREATE TABLE roads (code TEXT PRIMARY KEY NOT NULL, name TEXT);";
    import(&studio, &format!("{table} INSERT INTO roads VALUES ('a', 'x'), ('b', 'y');"));
    let more = format!("{table} INSERT INTO roads VALUES ('b', 'Y'), ('c', 'z');");
    let commit = studio.import(adding(&studio, &more));
    assert_eq!(rows(&studio.repository, &commit, "roads"), ["a|x", "b|Y", "c|z"]);
    assert_clean(studio.git_dir());
}

#[test]
fn adding_to_a_layer_that_is_not_there_makes_it() {
    let studio = Studio::new();
    let commit = studio.import(adding(&studio, ROADS));
    assert_eq!(rows(&studio.repository, &commit, "roads").len(), 2);
}

#[test]
fn adding_rows_to_a_table_without_keys_keeps_both() {
    let studio = Studio::new();
    let table = "CREATE TABLE roads (name TEXT);";
    import(&studio, &format!("{table} INSERT INTO roads VALUES ('a'), ('b');"));
    let commit = studio.import(adding(&studio, &format!("{table} INSERT INTO roads VALUES ('b'), ('c');")));
    assert_eq!(rows(&studio.repository, &commit, "roads"), ["1|a", "2|b", "3|c"]);
}

#[test]
fn a_column_that_comes_with_added_rows_is_empty_in_the_others() {
    let studio = Studio::new();
    import(&studio, ROADS);
    let more = "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT, lanes INTEGER); INSERT INTO roads VALUES (3, 'New', 4);";
    let commit = studio.import(adding(&studio, more));
    assert_eq!(
        rows(&studio.repository, &commit, "roads"),
        ["1|High Street|NULL", "2|Low Street|NULL", "3|New|4"]
    );
    assert_clean(studio.git_dir());
}

#[test]
fn rows_that_lack_a_column_are_not_added() {
    let studio = Studio::new();
    import(&studio, ROADS);
    let refusal =
        studio.refusal(adding(&studio, "CREATE TABLE roads (fid INTEGER PRIMARY KEY, length REAL);"));
    assert_eq!(
        refusal,
        "features cannot be added to layer 'roads': they have no column 'name'; import it without add to replace the layer"
    );
}

#[test]
fn rows_of_another_type_are_not_added() {
    let studio = Studio::new();
    import(&studio, ROADS);
    let refusal =
        studio.refusal(adding(&studio, "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name INTEGER);"));
    assert!(refusal.contains("column 'name' is text there and integer here"), "{refusal}");
}

#[test]
fn rows_with_another_key_are_not_added() {
    let studio = Studio::new();
    import(&studio, ROADS);
    let refusal =
        studio.refusal(adding(&studio, "CREATE TABLE roads (fid INTEGER, name TEXT PRIMARY KEY NOT NULL);"));
    assert!(refusal.contains("column 'fid' is the primary key of only one of them"), "{refusal}");
}

#[test]
fn rows_in_another_reference_system_are_not_added() {
    let studio = Studio::new();
    let table = "CREATE TABLE trees (fid INTEGER PRIMARY KEY, geom POINT);";
    let first =
        format!("{table} INSERT INTO trees VALUES (1, {}); {}", point(1.0, 2.0), points("trees", 4326));
    import(&studio, &first);
    let second =
        format!("{table} INSERT INTO trees VALUES (2, {}); {}", point(1.0, 2.0), points("trees", 2193));
    let refusal = studio.refusal(adding(&studio, &second));
    assert!(
        refusal.contains("the coordinate reference system is EPSG:4326 there and EPSG:2193 here"),
        "{refusal}"
    );
}

#[test]
fn a_layer_that_a_later_file_lacks_stays() {
    let studio = Studio::new();
    let first = import(
        &studio,
        &format!("{ROADS} CREATE TABLE water (fid INTEGER PRIMARY KEY); INSERT INTO water VALUES (7);"),
    );
    let second = import(&studio, "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT);");
    assert!(rows(&studio.repository, &second, "roads").is_empty());
    assert_eq!(rows(&studio.repository, &second, "water"), ["7"]);
    let tree = |commit: &str| git(studio.git_dir(), &["rev-parse", &format!("{commit}:water")]);
    assert_eq!(tree(&first), tree(&second));
}

#[test]
fn files_beside_a_layer_stay() {
    let studio = Studio::new();
    let first = import(&studio, ROADS);
    let blob = String::from_utf8(crate::support::git::output(
        studio.git_dir(),
        &["hash-object", "-w", "--stdin"],
        b"free for all",
    ));
    let blob = blob.unwrap().trim().to_owned();
    let index = ["update-index", "--add", "--cacheinfo"];
    git(studio.git_dir(), &["read-tree", &first]);
    git(studio.git_dir(), &[&index[..], &[&format!("100755,{blob},roads/LICENCE")]].concat());
    git(studio.git_dir(), &[&index[..], &[&format!("100644,{blob},README.md")]].concat());
    git(
        studio.git_dir(),
        &[&index[..], &[&format!("100644,{blob},roads/.table-dataset/meta/tags.json")]].concat(),
    );
    let tree = git(studio.git_dir(), &["write-tree"]);
    let commit = git(studio.git_dir(), &["commit-tree", &tree, "-p", &first, "-m", "attach"]);
    git(studio.git_dir(), &["update-ref", "refs/heads/master", &commit]);

    let second = import(&studio, "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT);");
    let changed = git(studio.git_dir(), &["diff-tree", "-r", "--name-status", &commit, &second]);
    assert_eq!(
        changed,
        "D\troads/.table-dataset/feature/A/A/A/A/kQE=\nD\troads/.table-dataset/feature/A/A/A/A/kQI="
    );
    assert_clean(studio.git_dir());
}

#[test]
fn columns_stay_wide_enough_for_the_features_that_stay() {
    let studio = Studio::new();
    import(
        &studio,
        "CREATE TABLE t (fid INTEGER PRIMARY KEY, n INTEGER, s TEXT(50)); INSERT INTO t VALUES (1, 1000000, 'long');",
    );
    let narrow =
        "CREATE TABLE t (fid INTEGER PRIMARY KEY, n TINYINT, s TEXT(5)); INSERT INTO t VALUES (2, 1, 's');";
    let commit = studio.import(adding(&studio, narrow));
    let schema =
        git(studio.git_dir(), &["cat-file", "blob", &format!("{commit}:t/.table-dataset/meta/schema.json")]);
    assert!(schema.contains(r#""name": "n", "dataType": "integer", "size": 64"#), "{schema}");
    assert!(schema.contains(r#""name": "s", "dataType": "text", "length": 50"#), "{schema}");
    assert_eq!(rows(&studio.repository, &commit, "t"), ["1|1000000|long", "2|1|s"]);
}

#[test]
fn geometries_of_another_type_are_not_added() {
    let studio = Studio::new();
    let table = format!("CREATE TABLE p (fid INTEGER PRIMARY KEY, geom POINT); {}", points("p", 4326));
    import(&studio, &table);
    let lines = format!("{table} UPDATE gpkg_geometry_columns SET geometry_type_name = 'LINESTRING';");
    let refusal = studio.refusal(adding(&studio, &lines));
    assert!(refusal.contains("the geometries are POINT there and LINESTRING here"), "{refusal}");
}

#[test]
fn a_folder_that_is_no_layer_is_not_replaced() {
    let studio = Studio::new();
    let write = |arguments: &[&str], input: &str| {
        let out = output(studio.git_dir(), arguments, input.as_bytes());
        String::from_utf8(out).unwrap().trim().to_owned()
    };
    let blob = write(&["hash-object", "-w", "--stdin"], "Read me.");
    let docs = write(&["mktree"], &format!("100644 blob {blob}\tREADME\n"));
    let root = write(&["mktree"], &format!("040000 tree {docs}\troads\n"));
    let commit =
        write(&["-c", "user.name=x", "-c", "user.email=x@x", "commit-tree", "-m", "docs", &root], "");
    git(studio.git_dir(), &["update-ref", "refs/heads/master", &commit]);
    let refusal = studio.refusal(studio.job(&gpkg(studio.scratch(), "f.gpkg", ROADS)));
    assert_eq!(refusal, "a layer cannot be kept as 'roads': there is a folder that is not a layer");
    assert_eq!(git(studio.git_dir(), &["rev-parse", "master"]), commit);
}
