//! Files whose writers mean harm: nothing in them is run, and names are only names.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod build;

use build::{Sample, features};
use geopackage::Error;

#[test]
fn names_are_only_names() {
    let names = [
        "\"; DROP TABLE gpkg_contents; --",
        "a/b",
        "😀",
        "",
        " ",
        "select",
        "a\"b",
        "it's",
        "[x]",
        "`y`",
        "%s",
        "?1",
        "sqlite",
        "pragma_table_xinfo",
        "a\nb",
    ];
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let tables = names.iter().map(|name| {
        let name = quote(name);
        format!("CREATE TABLE {name}({name} INTEGER PRIMARY KEY, t TEXT); INSERT INTO {name} VALUES(1, 'x');")
    });
    let sample = Sample::package(&tables.collect::<String>());
    let package = sample.open();
    let mut expected = names;
    expected.sort_unstable();
    assert_eq!(package.layer_names(), expected);
    for name in names {
        let table = package.layer(name).unwrap();
        assert_eq!(table.layer.schema.columns[0].name, name);
        assert_eq!(features(&package, name).unwrap(), ["1 \"x\""], "{name:?}");
    }
}

#[test]
fn a_column_that_is_named_like_a_value_is_not_one() {
    let sample = Sample::package(
        "CREATE TABLE a(\"1\" TEXT, \"'x'\" TEXT, \"*\" TEXT); INSERT INTO a VALUES('p', 'q', 'r');",
    );
    assert_eq!(features(&sample.open(), "a").unwrap(), ["\"p\" \"q\" \"r\""]);
}

#[test]
fn views_and_triggers_are_not_run() {
    let sample = Sample::package(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, t TEXT); INSERT INTO a VALUES(1, 'x');
         CREATE VIEW roads AS SELECT load_extension('evil') AS fid;
         CREATE TRIGGER evil AFTER INSERT ON a BEGIN SELECT load_extension('evil'); END;
         CREATE TRIGGER worse INSTEAD OF INSERT ON roads BEGIN DELETE FROM a; END;
         INSERT INTO gpkg_contents(table_name, data_type) VALUES('roads', 'features');
         INSERT INTO gpkg_geometry_columns VALUES('roads', 'fid', 'POINT', 4326, 0, 0);",
    );
    let package = sample.open();
    assert_eq!(package.layer_names(), ["a"]);
    assert!(matches!(package.layer("roads"), Err(Error::NoSuchLayer { .. })));
    assert_eq!(features(&package, "a").unwrap(), ["1 \"x\""]);
}

#[test]
fn tables_of_the_system_that_are_views_say_nothing() {
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
    let sample = Sample::database(&format!(
        "PRAGMA application_id = 0x47504B47; CREATE TABLE a(fid INTEGER PRIMARY KEY, t TEXT);
         CREATE VIEW gpkg_contents AS {endless} SELECT i AS table_name, i AS data_type FROM n;
         CREATE VIEW gpkg_geometry_columns AS SELECT 'a' AS table_name, 't' AS column_name;
         CREATE VIEW gpkg_spatial_ref_sys AS {endless} SELECT i AS srs_id FROM n;
         CREATE VIEW gpkg_ogr_contents AS {endless} SELECT i AS table_name, i AS feature_count FROM n;"
    ));
    let table = sample.open().layer("a").unwrap();
    assert_eq!((table.layer.title, table.feature_count, table.notes.len()), (None, None, 0));
}

/// Makes generated columns larger than any text can be.
fn make_huge(sample: &Sample) {
    let sql = "PRAGMA writable_schema = ON;
               UPDATE sqlite_master SET sql = replace(sql, 'zeroblob(7', 'zeroblob(2000000000')";
    sample.write(|db| db.execute_batch(sql).unwrap());
}

#[test]
fn generated_columns_are_left_out_and_not_computed() {
    let sample = Sample::package(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, t TEXT,
            virtual TEXT AS (hex(zeroblob(7 + fid))), stored TEXT AS (upper(t)) STORED);
         INSERT INTO a(fid, t) VALUES(1, 'x');",
    );
    make_huge(&sample);
    let package = sample.open();
    let table = package.layer("a").unwrap();
    assert_eq!(
        table.notes,
        [
            "layer \"a\": column \"virtual\" is generated from others and was left out",
            "layer \"a\": column \"stored\" is generated from others and was left out",
        ]
    );
    assert_eq!(features(&package, "a").unwrap(), ["1 \"x\""]);
}

#[test]
fn generated_columns_of_the_system_say_nothing() {
    let sample = Sample::database(
        "PRAGMA application_id = 0x47504B47; CREATE TABLE a(fid INTEGER PRIMARY KEY);
         CREATE TABLE gpkg_contents(table_name TEXT, identifier TEXT AS (hex(zeroblob(7))), description TEXT);
         INSERT INTO gpkg_contents VALUES('a', 'described');",
    );
    make_huge(&sample);
    let layer = sample.open().layer("a").unwrap().layer;
    assert_eq!((layer.title, layer.description.as_deref()), (None, Some("described")));
}

#[test]
fn checks_defaults_and_indexes_are_not_run() {
    let sample = Sample::package(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, t TEXT CHECK(t IS NULL OR length(t) < 9), u TEXT DEFAULT (upper('x')));
         CREATE INDEX by_expression ON a(abs(fid)); CREATE INDEX partial ON a(t) WHERE length(t) > 1;
         INSERT INTO a VALUES(1, 'x', 'y');",
    );
    sample.write(|db| {
        db.execute_batch(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_master SET sql = replace(replace(sql, 'length(t)', 'load_extension(t)'), 'upper(', 'load_extension(')
                WHERE name = 'a';",
        )
        .unwrap();
    });
    assert_eq!(features(&sample.open(), "a").unwrap(), ["1 \"x\" \"y\""]);
}

#[test]
fn a_schema_that_sqlite_refuses_is_damage() {
    let sample = Sample::package("CREATE TABLE a(fid INTEGER PRIMARY KEY);");
    sample.write(|db| {
        db.execute_batch(
            "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'CREATE TABLE a(' WHERE name = 'a';",
        )
        .unwrap();
    });
    let refusal = sample.refusal();
    assert!(refusal.starts_with("upload.gpkg is damaged: noticed while "), "{refusal}");
}

#[test]
fn virtual_tables_are_not_connected() {
    let sample = Sample::package(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY); CREATE VIRTUAL TABLE tree USING rtree(id, minx, maxx);
         INSERT INTO a VALUES(1);",
    );
    sample.write(|db| {
        db.execute_batch(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_master SET sql = 'CREATE VIRTUAL TABLE tree USING no_such_module(x)' WHERE name = 'tree';",
        )
        .unwrap();
    });
    let package = sample.open();
    assert_eq!(package.layer_names(), ["a"]);
    assert_eq!(features(&package, "a").unwrap(), ["1"]);
}

#[test]
fn a_table_as_wide_as_sqlite_allows_is_read() {
    for (width, key) in [(1999, "INTEGER PRIMARY KEY"), (2000, "TEXT"), (2000, "INTEGER PRIMARY KEY")] {
        let columns: String = (1..width).map(|n| format!(", c{n} INTEGER DEFAULT {n}")).collect();
        let sample = Sample::package(&format!(
            "CREATE TABLE a(c0 {key}{columns}); INSERT INTO a(c0) VALUES(0), (1), (2);"
        ));
        let lines = features(&sample.open(), "a").unwrap();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[2].split(' ').count(), width);
        assert!(lines[2].ends_with(&format!(" {}", width - 1)));
    }
}

#[test]
fn a_row_larger_than_any_feature_is_refused() {
    let sample = Sample::package(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, b BLOB); INSERT INTO a VALUES(1, zeroblob(140000000));",
    );
    let told = sample.told(&features(&sample.open(), "a").unwrap_err());
    assert!(
        told.starts_with("upload.gpkg: SQLite failed while reading layer \"a\": string or blob too big"),
        "{told}"
    );
}
