//! The keys of features.

use longhaul_commands::ImportGeopackage;

use crate::support::{
    git::{assert_clean, git},
    gpkg::{ROADS, gpkg},
    harness::Harness,
    rows::rows,
};

fn keyed_by(harness: &Harness, column: &str, sql: &str) -> ImportGeopackage {
    let file = gpkg(harness.scratch(), "f.gpkg", sql);
    ImportGeopackage { fid_attribute: Some(column.to_owned()), ..harness.job(&file) }
}

#[test]
fn keys_of_every_type_come_back() {
    let harness = Harness::new();
    let tables = [
        ("texts", "TEXT PRIMARY KEY NOT NULL", "'a', '', 'with/slash', '日本語', '../x'"),
        ("numbers", "REAL PRIMARY KEY NOT NULL", "0.5, -2.25, 1e300"),
        ("blobs", "BLOB PRIMARY KEY NOT NULL", "X'00', X'ff01', X''"),
        ("days", "DATE PRIMARY KEY NOT NULL", "'2026-01-01', '2026-01-02'"),
        ("booleans", "BOOLEAN PRIMARY KEY NOT NULL", "0, 1"),
    ];
    let mut sql = String::new();
    for (table, key, values) in tables {
        sql += &format!("CREATE TABLE {table} (k {key}, v TEXT);");
        for value in values.split(", ") {
            sql += &format!("INSERT INTO {table} VALUES ({value}, 'v');");
        }
    }
    let commit = harness.import(harness.job(&gpkg(harness.scratch(), "f.gpkg", &sql)));
    assert_clean(harness.git_dir());
    let rows = |table| rows(&harness.repository, &commit, table);
    assert_eq!(rows("texts"), ["../x|v", "a|v", "with/slash|v", "|v", "日本語|v"]);
    assert_eq!(rows("numbers"), ["-2.25|v", "0.5|v", "1e300|v"]);
    assert_eq!(rows("blobs"), ["0 bytes|v", "1 bytes|v", "2 bytes|v"]);
    assert_eq!(rows("days"), ["2026-01-01|v", "2026-01-02|v"]);
    assert_eq!(rows("booleans"), ["false|v", "true|v"]);
}

#[test]
fn rows_without_a_key_are_numbered() {
    let harness = Harness::new();
    let sql = "CREATE TABLE roads (name TEXT); INSERT INTO roads VALUES ('b'), ('a'), ('a');";
    let commit = harness.import(harness.job(&gpkg(harness.scratch(), "f.gpkg", sql)));
    assert_eq!(rows(&harness.repository, &commit, "roads"), ["1|b", "2|a", "3|a"]);
    assert_clean(harness.git_dir());
}

#[test]
fn equal_rows_share_one_blob() {
    let harness = Harness::with_threads(4);
    let sql = "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO roads SELECT i, 'the same' FROM n;";
    let commit = harness.import(harness.job(&gpkg(harness.scratch(), "f.gpkg", sql)));
    assert_eq!(rows(&harness.repository, &commit, "roads").len(), 5000);
    let features =
        git(harness.git_dir(), &["ls-tree", "-r", &format!("{commit}:roads/.table-dataset/feature")]);
    let mut blobs: Vec<_> = features.lines().map(|line| line.split(['\t', ' ']).nth(2)).collect();
    assert_eq!(blobs.len(), 5000);
    blobs.dedup();
    assert_eq!(blobs.len(), 1);
    assert_clean(harness.git_dir());
}

#[test]
fn the_ends_of_the_numbers_are_keys_like_any_other() {
    for threads in [1, 2, 5] {
        let harness = Harness::with_threads(threads);
        let mut sql = "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT);".to_owned();
        let keys = [
            i64::MIN,
            i64::MIN + 1,
            -(1 << 40),
            -65,
            -64,
            -1,
            0,
            1,
            63,
            64,
            1 << 24,
            1 << 30,
            i64::MAX - 1,
            i64::MAX,
        ];
        for key in keys {
            sql += &format!("INSERT INTO roads VALUES ({key}, 'x');");
        }
        let commit = harness.import(harness.job(&gpkg(harness.scratch(), "f.gpkg", &sql)));
        let mut expected: Vec<_> = keys.iter().map(|key| format!("{key}|x")).collect();
        expected.sort();
        assert_eq!(rows(&harness.repository, &commit, "roads"), expected);
        assert_clean(harness.git_dir());
    }
}

#[test]
fn another_column_can_be_the_key() {
    let harness = Harness::new();
    let commit = harness.import(keyed_by(&harness, "name", ROADS));
    assert_eq!(rows(&harness.repository, &commit, "roads"), ["1|High Street", "2|Low Street"]);
    let dataset = crate::support::rows::layer(&harness.repository, &commit, "roads");
    let keys: Vec<_> = dataset.columns().iter().map(|column| column.primary_key_index).collect();
    assert_eq!(keys, [None, Some(0)]);
    assert_clean(harness.git_dir());
}

#[test]
fn duplicate_keys_are_refused() {
    let harness = Harness::new();
    let sql = format!("{ROADS} INSERT INTO roads VALUES (3, 'High Street');");
    let error = harness.expect_failure(keyed_by(&harness, "name", &sql));
    assert_eq!(error, "layer 'roads': primary key 'High Street' occurs in more than one row");

    let sql = "CREATE TABLE roads (a INTEGER, b INTEGER); INSERT INTO roads VALUES (7, 1), (-7, 1), (7, 2);";
    let error = harness.expect_failure(keyed_by(&harness, "a", sql));
    assert_eq!(error, "layer 'roads': primary key 7 occurs in more than one row");
}

#[test]
fn a_null_key_is_refused() {
    let harness = Harness::new();
    let sql = format!("{ROADS} INSERT INTO roads VALUES (3, NULL);");
    let error = harness.expect_failure(keyed_by(&harness, "name", &sql));
    assert_eq!(error, "layer 'roads': primary key NULL cannot identify a feature");

    let sql = "CREATE TABLE roads (a INTEGER, b INTEGER); INSERT INTO roads VALUES (NULL, 1);";
    let error = harness.expect_failure(keyed_by(&harness, "a", sql));
    assert_eq!(error, "layer 'roads': primary key NULL cannot identify a feature");
}

#[test]
fn a_text_in_an_integer_key_column_is_refused() {
    let harness = Harness::new();
    let sql = "CREATE TABLE roads (a INTEGER, b TEXT); INSERT INTO roads VALUES ('seven', 'x');";
    let error = harness.expect_failure(keyed_by(&harness, "a", sql));
    assert_eq!(error, "layer 'roads': primary key 'seven' is not an integer");
}

#[test]
fn a_missing_key_column_is_refused() {
    let harness = Harness::new();
    let error = harness.expect_failure(keyed_by(&harness, "nonsense", ROADS));
    assert_eq!(error, r#"layer "roads" of f.gpkg has no column "nonsense""#);
}

#[test]
fn a_key_that_is_too_long_for_a_file_name_is_refused() {
    let harness = Harness::new();
    let sql =
        "CREATE TABLE roads (k TEXT PRIMARY KEY NOT NULL); INSERT INTO roads VALUES (hex(zeroblob(5000)));";
    let error = harness.expect_failure(harness.job(&gpkg(harness.scratch(), "f.gpkg", sql)));
    assert!(error.ends_with("is too long to be the name of a file") && error.len() < 300, "{error}");
}

#[test]
fn a_composite_key_is_refused() {
    let harness = Harness::new();
    let sql =
        "CREATE TABLE roads (a INTEGER, b INTEGER, PRIMARY KEY (b, a)); INSERT INTO roads VALUES (1, 2);";
    let error = harness.expect_failure(harness.job(&gpkg(harness.scratch(), "f.gpkg", sql)));
    assert_eq!(
        error,
        r#"layer "roads" of f.gpkg has a primary key of several columns (b, a), but a dataset has one"#
    );
}
