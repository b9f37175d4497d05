//! Files whose writers mean harm: nothing in them is run, and names are only names.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod build;

use build::{Sample, features};
use longhaul_geopackage::Error;

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
    assert_eq!((table.layer.title, table.feature_count, table.warnings.len()), (None, None, 0));
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
        table.warnings,
        ["layer \"a\": 2 columns are computed from other columns and were left out: \"virtual\", \"stored\"",]
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
    assert_eq!(
        sample.message(&features(&sample.open(), "a").unwrap_err()),
        "upload.gpkg: a value or a row is larger than 128 MiB, noticed while reading layer \"a\""
    );
}

#[test]
fn a_row_of_large_values_is_refused_when_they_are_too_large_together() {
    let sample = Sample::package(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, b BLOB, c BLOB, d BLOB);
         INSERT INTO a VALUES(16, x'', x'', x''), (17, zeroblob(60000000), zeroblob(60000000), zeroblob(60000000));",
    );
    assert_eq!(
        sample.message(&features(&sample.open(), "a").unwrap_err()),
        "upload.gpkg: a value or a row is larger than 128 MiB, noticed while reading row 17 of layer \"a\""
    );
}

#[test]
fn a_wide_table_with_long_names_is_read() {
    let columns: String =
        (1..1900).map(|n| format!(", \"{}{n}\" TEXT DEFAULT 'x'", "c".repeat(200))).collect();
    let sample = Sample::package(&format!(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY{columns}); INSERT INTO a(fid) VALUES(1);"
    ));
    assert_eq!(features(&sample.open(), "a").unwrap()[0].split(' ').count(), 1900);
}

#[test]
fn a_table_whose_statement_is_endless_is_damage() {
    let comment = "x".repeat(2 << 20);
    let sample = Sample::package(&format!("CREATE TABLE a(fid INTEGER PRIMARY KEY /* {comment} */);"));
    let refusal = sample.refusal();
    assert!(refusal.starts_with("upload.gpkg is damaged: noticed while "), "{refusal}");
}

#[test]
fn long_names_are_cut_in_messages_and_warnings() {
    let name = "n".repeat(100_000);
    let shown = format!("{}...", "n".repeat(200));
    let sample = Sample::package(&format!(
        "CREATE TABLE {name}({name} BLOB, t {name}); INSERT INTO {name} VALUES(CAST(x'ff' AS TEXT), '');
         CREATE TABLE two(a{name}, b{name}, PRIMARY KEY(a{name}, b{name}));
         CREATE VIEW v{name} AS SELECT 1; INSERT INTO gpkg_contents(table_name, data_type) VALUES('v{name}', '');"
    ));
    let package = sample.open();
    let view = format!("\"v{}...\" is a view, which is not run, and was left out", "n".repeat(199));
    assert_eq!(package.warnings(), [view.as_str()]);
    let warning = package.layer(&name).unwrap().warnings[0].to_string();
    let start =
        format!("layer {shown:?}: column \"t\" has the type {shown:?}, which GeoPackage does not define");
    assert!(warning.starts_with(&start), "{warning}");
    let unknown = package.layer(&"n".repeat(300)).unwrap_err();
    assert_eq!(sample.message(&unknown), format!("upload.gpkg has no layer {shown:?}"));
    for error in [features(&package, &name).unwrap_err(), package.layer("two").unwrap_err()] {
        let message = sample.message(&error);
        assert!(message.len() < 1000, "{message}");
    }
}

#[test]
fn of_many_warnings_a_hundred_are_kept() {
    let columns: String = (0..150).map(|n| format!(", c{n} POINT")).collect();
    let view = |n: u32| {
        format!(
            "CREATE VIEW v{n} AS SELECT 1;
             INSERT INTO gpkg_contents(table_name, data_type) VALUES('v{n}', '');"
        )
    };
    let views: String = (0..150).map(view).collect();
    let sample = Sample::package(&format!("CREATE TABLE a(fid INTEGER PRIMARY KEY{columns}); {views}"));
    let package = sample.open();
    let of_layer = package.layer("a").unwrap().warnings;
    assert_eq!(of_layer.len(), 101);
    assert_eq!(of_layer[100], "and 50 more");
    assert_eq!(
        package.warnings(),
        ["150 views, which are not run, were left out: \"v0\", \"v1\", \"v10\" and 147 more"]
    );
}

/// A layer `a` about which the file says so many bytes: title, description and definition, and metadata document.
fn described(text: usize, document: usize) -> Sample {
    let text = format!("CAST(zeroblob({text}) AS TEXT)");
    Sample::package(&format!(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY);
         CREATE TABLE gpkg_metadata(id INTEGER PRIMARY KEY, md_scope TEXT, mime_type TEXT, metadata TEXT);
         CREATE TABLE gpkg_metadata_reference(table_name TEXT, column_name TEXT, row_id_value INTEGER, md_file_id INTEGER);
         INSERT INTO gpkg_spatial_ref_sys VALUES('x', 9, 'x', 9, {text}, NULL);
         INSERT INTO gpkg_contents(table_name, data_type, identifier, description, srs_id)
            VALUES('a', 'features', {text}, {text}, 9);
         INSERT INTO gpkg_metadata VALUES(1, 'dataset', 'text/xml', '<' || CAST(zeroblob({document} - 1) AS TEXT));
         INSERT INTO gpkg_metadata_reference VALUES('a', NULL, NULL, 1);"
    ))
}

#[test]
fn what_is_said_about_a_layer_at_endless_length_is_left_out_with_a_note() {
    let honest = described(64 << 10, 4 << 20).open().layer("a").unwrap();
    assert_eq!(honest.warnings, [""; 0]);
    assert!(honest.layer.title.is_some() && honest.layer.description.is_some());
    assert!(honest.layer.metadata_xml.is_some() && honest.layer.crs.len() == 1);

    let endless = described((64 << 10) + 1, (4 << 20) + 1).open().layer("a").unwrap();
    assert_eq!(
        endless.warnings,
        [
            "layer \"a\": its title is too long and was left out",
            "layer \"a\": its description is too long and was left out",
            "layer \"a\": its metadata document is too long and was left out",
            "layer \"a\": the definition of its reference system is too long and was left out",
        ]
    );
    assert_eq!((endless.layer.title, endless.layer.description), (None, None));
    assert_eq!((endless.layer.metadata_xml, endless.layer.crs), (None, vec![]));
}

/// How many rows are read does not depend on how many threads read them.
#[test]
fn rows_that_damage_hides_between_two_parts_are_not_passed_over() {
    let sample = Sample::package(
        "PRAGMA page_size = 512; VACUUM; CREATE TABLE a(fid INTEGER PRIMARY KEY, t TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
         INSERT INTO a SELECT i, 'a text of some length ' || i FROM n;",
    );
    let root: usize = sample.write(|db| {
        let sql = "SELECT rootpage FROM sqlite_master WHERE name = 'a'";
        db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as usize
    });
    sample.patch(|bytes| {
        let page = &mut bytes[(root - 1) * 512..root * 512];
        assert_eq!(page[0], 5, "the root is an inner page");
        let cells = usize::from(u16::from_be_bytes([page[3], page[4]]));
        for cell in page[12..12 + 2 * cells].to_vec().chunks(2) {
            // Behind the number of a page stands the highest number of a row there, less than 128 and so a byte.
            let highest = usize::from(u16::from_be_bytes([cell[0], cell[1]])) + 4;
            page[highest] = page[highest].saturating_sub(5);
        }
    });
    let package = sample.open();
    let table = package.layer("a").unwrap();
    let reader = package.reader().unwrap();
    assert_eq!(build::features_of(&reader, &package, &table, 1).unwrap().len(), 100);
    let error = build::features_of(&reader, &package, &table, 5).unwrap_err();
    assert_eq!(
        sample.message(&error),
        "upload.gpkg is damaged: the rows of layer \"a\" are not where they should be; was it copied while a program wrote to it?"
    );
}
