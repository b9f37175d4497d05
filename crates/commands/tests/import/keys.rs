//! What tells features apart.

use longhaul_commands::ImportGeopackage;

use crate::support::{
    git::{assert_clean, git},
    gpkg::{ROADS, gpkg},
    rows::rows,
    studio::Studio,
};

fn keyed_by(studio: &Studio, column: &str, sql: &str) -> ImportGeopackage {
    let file = gpkg(studio.scratch(), "f.gpkg", sql);
    ImportGeopackage { fid_attribute: Some(column.to_owned()), ..studio.job(&file) }
}

#[test]
fn keys_of_every_type_come_back() {
    let studio = Studio::new();
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
    let commit = studio.import(studio.job(&gpkg(studio.scratch(), "f.gpkg", &sql)));
    assert_clean(studio.git_dir());
    let rows = |table| rows(&studio.repository, &commit, table);
    assert_eq!(rows("texts"), ["../x|v", "a|v", "with/slash|v", "|v", "日本語|v"]);
    assert_eq!(rows("numbers"), ["-2.25|v", "0.5|v", "1e300|v"]);
    assert_eq!(rows("blobs"), ["0 bytes|v", "1 bytes|v", "2 bytes|v"]);
    assert_eq!(rows("days"), ["2026-01-01|v", "2026-01-02|v"]);
    assert_eq!(rows("booleans"), ["false|v", "true|v"]);
}

#[test]
fn rows_without_a_key_are_numbered() {
    let studio = Studio::new();
    let sql = "CREATE TABLE roads (name TEXT); INSERT INTO roads VALUES ('b'), ('a'), ('a');";
    let commit = studio.import(studio.job(&gpkg(studio.scratch(), "f.gpkg", sql)));
    assert_eq!(rows(&studio.repository, &commit, "roads"), ["1|b", "2|a", "3|a"]);
    assert_clean(studio.git_dir());
}

#[test]
fn equal_rows_are_one_object_at_many_places() {
    let studio = Studio::with_threads(4);
    let sql = "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO roads SELECT i, 'the same' FROM n;";
    let commit = studio.import(studio.job(&gpkg(studio.scratch(), "f.gpkg", sql)));
    assert_eq!(rows(&studio.repository, &commit, "roads").len(), 5000);
    let features =
        git(studio.git_dir(), &["ls-tree", "-r", &format!("{commit}:roads/.table-dataset/feature")]);
    let mut blobs: Vec<_> = features.lines().map(|line| line.split(['\t', ' ']).nth(2)).collect();
    assert_eq!(blobs.len(), 5000);
    blobs.dedup();
    assert_eq!(blobs.len(), 1);
    assert_clean(studio.git_dir());
}

#[test]
fn the_ends_of_the_numbers_are_keys_like_any_other() {
    for threads in [1, 2, 5] {
        let studio = Studio::with_threads(threads);
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
        let commit = studio.import(studio.job(&gpkg(studio.scratch(), "f.gpkg", &sql)));
        let mut expected: Vec<_> = keys.iter().map(|key| format!("{key}|x")).collect();
        expected.sort();
        assert_eq!(rows(&studio.repository, &commit, "roads"), expected);
        assert_clean(studio.git_dir());
    }
}

#[test]
fn another_column_can_tell_features_apart() {
    let studio = Studio::new();
    let commit = studio.import(keyed_by(&studio, "name", ROADS));
    assert_eq!(rows(&studio.repository, &commit, "roads"), ["1|High Street", "2|Low Street"]);
    let dataset = crate::support::rows::layer(&studio.repository, &commit, "roads");
    let keys: Vec<_> = dataset.columns().iter().map(|column| column.primary_key_index).collect();
    assert_eq!(keys, [None, Some(0)]);
    assert_clean(studio.git_dir());
}

#[test]
fn a_value_that_two_rows_share_is_no_key() {
    let studio = Studio::new();
    let sql = format!("{ROADS} INSERT INTO roads VALUES (3, 'High Street');");
    let refusal = studio.refusal(keyed_by(&studio, "name", &sql));
    assert_eq!(refusal, "layer 'roads': primary key 'High Street' occurs in more than one row");

    let sql = "CREATE TABLE roads (a INTEGER, b INTEGER); INSERT INTO roads VALUES (7, 1), (-7, 1), (7, 2);";
    let refusal = studio.refusal(keyed_by(&studio, "a", sql));
    assert_eq!(refusal, "layer 'roads': primary key 7 occurs in more than one row");
}

#[test]
fn a_row_without_the_value_has_no_key() {
    let studio = Studio::new();
    let sql = format!("{ROADS} INSERT INTO roads VALUES (3, NULL);");
    let refusal = studio.refusal(keyed_by(&studio, "name", &sql));
    assert_eq!(refusal, "layer 'roads': primary key NULL cannot identify a feature");

    let sql = "CREATE TABLE roads (a INTEGER, b INTEGER); INSERT INTO roads VALUES (NULL, 1);";
    let refusal = studio.refusal(keyed_by(&studio, "a", sql));
    assert_eq!(refusal, "layer 'roads': primary key NULL cannot identify a feature");
}

#[test]
fn a_text_where_numbers_are_keys_is_refused() {
    let studio = Studio::new();
    let sql = "CREATE TABLE roads (a INTEGER, b TEXT); INSERT INTO roads VALUES ('seven', 'x');";
    let refusal = studio.refusal(keyed_by(&studio, "a", sql));
    assert_eq!(refusal, "layer 'roads': primary key 'seven' is not an integer");
}

#[test]
fn a_column_that_is_not_there_cannot_tell_features_apart() {
    let studio = Studio::new();
    let refusal = studio.refusal(keyed_by(&studio, "nonsense", ROADS));
    assert_eq!(refusal, r#"layer "roads" of f.gpkg has no column "nonsense""#);
}

#[test]
fn a_key_that_is_too_long_for_a_file_name_is_refused() {
    let studio = Studio::new();
    let sql =
        "CREATE TABLE roads (k TEXT PRIMARY KEY NOT NULL); INSERT INTO roads VALUES (hex(zeroblob(5000)));";
    let refusal = studio.refusal(studio.job(&gpkg(studio.scratch(), "f.gpkg", sql)));
    assert!(refusal.ends_with("is too long to be the name of a file") && refusal.len() < 300, "{refusal}");
}

#[test]
fn several_columns_are_no_key() {
    let studio = Studio::new();
    let sql =
        "CREATE TABLE roads (a INTEGER, b INTEGER, PRIMARY KEY (b, a)); INSERT INTO roads VALUES (1, 2);";
    let refusal = studio.refusal(studio.job(&gpkg(studio.scratch(), "f.gpkg", sql)));
    assert_eq!(
        refusal,
        r#"layer "roads" of f.gpkg has a primary key of several columns (b, a), but a dataset has one"#
    );
}
