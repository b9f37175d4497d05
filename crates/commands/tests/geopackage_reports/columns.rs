//! What is said about columns and the metadata of layers.

use longhaul_commands::ImportGeopackage;

use crate::{
    outcome::{import, import_file, layers, meta, report, rows, run},
    support::{
        gpkg::{gpkg, point},
        harness::Harness,
    },
};

#[test]
fn names_of_geometry_types_are_stored_and_compared_in_capital_letters() {
    let harness = Harness::new();
    assert_eq!(import(&harness, "53-camel-case-type.gpkg"), [""; 0]);
    assert!(meta(&harness, "a", "schema.json").contains("\"geometryType\": \"MULTIPOLYGON\""));
    let file = report(&harness, "53b-upper-case-type.gpkg");
    let outcome = run(&harness, ImportGeopackage { add: true, ..harness.job(&file) });
    assert_eq!((outcome.error, outcome.warnings), (None, Vec::new()));
    assert_eq!(rows(&harness, "a"), ["1|geometry|x", "2|geometry|x"]);

    for (name, z, stored) in [
        ("Point", 0, "POINT"),
        ("pointz", 1, "POINT Z"),
        ("POINT Z", 0, "POINT Z"),
        ("GeomCollection", 0, "GEOMETRYCOLLECTION"),
        ("Geometry", 2, "GEOMETRY Z"),
    ] {
        let harness = Harness::new();
        let sql = format!(
            "CREATE TABLE a(fid INTEGER PRIMARY KEY, geom);
             INSERT INTO gpkg_geometry_columns VALUES('a', 'geom', '{name}', 4326, {z}, 0);"
        );
        import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &sql));
        let schema = meta(&harness, "a", "schema.json");
        assert!(schema.contains(&format!("\"geometryType\": \"{stored}\"")), "{schema}");
    }
}

#[test]
fn geometries_that_are_not_registered_are_told() {
    let harness = Harness::new();
    assert_eq!(
        import(&harness, "33b-no-geometry-columns-table.gpkg"),
        [
            "layer \"a\": column \"geom\" has the type \"POINT\", but gpkg_geometry_columns does not name it; its geometries were imported as bytes"
        ]
    );
    let harness = Harness::new();
    assert_eq!(
        import(&harness, "51-blob-geometry-unregistered.gpkg"),
        [
            "layer \"a\": column \"shape\" has the type \"POLYGON\", but gpkg_geometry_columns does not name it; its geometries were imported as bytes",
            "layer \"a\": column \"geom\": 1 value is a geometry, in row 1, but gpkg_geometry_columns does not name the column; it was imported as bytes",
        ]
    );
    let harness = Harness::new();
    let at = point(1.0, 2.0);
    let sql = format!(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, b BLOB, c BLOB(100), d BLOB);
         INSERT INTO a VALUES(1, x'4750', NULL, x'00'), (2, {at}, NULL, NULL), (3, {at}, {at}, x'0102');"
    );
    assert_eq!(
        import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &sql)),
        [
            "layer \"a\": column \"b\": 2 values are geometries, in rows 2, 3, but gpkg_geometry_columns does not name the column; they were imported as bytes",
            "layer \"a\": column \"c\": 1 value is a geometry, in row 3, but gpkg_geometry_columns does not name the column; it was imported as bytes",
        ]
    );
}

#[test]
fn metadata_of_columns_and_rows_is_left_out_with_a_warning() {
    let harness = Harness::new();
    assert_eq!(
        import(&harness, "39-schema-extension.gpkg"),
        ["layer \"a\": 2 descriptions of columns (gpkg_data_columns) were left out"]
    );
    let harness = Harness::new();
    assert_eq!(
        import(&harness, "40-row-metadata.gpkg"),
        [
            "1 metadata document about the whole file was left out",
            "layer \"a\": metadata documents were left out: 1 of rows, 2 of the layer in other forms",
        ]
    );
}

#[test]
fn what_is_left_out_of_several_layers_is_told_once() {
    let harness = Harness::new();
    let sql = "CREATE TABLE a(fid INTEGER PRIMARY KEY, odd VARCHAR(9)); CREATE TABLE b(fid INTEGER PRIMARY KEY, odd VARCHAR(9));
         CREATE TABLE c(fid INTEGER PRIMARY KEY); CREATE TABLE d(fid INTEGER PRIMARY KEY, odd VARCHAR(9));
         CREATE TABLE gpkg_data_columns(table_name TEXT, column_name TEXT, name TEXT);
         INSERT INTO gpkg_data_columns VALUES('a', 'fid', 'x'), ('B', 'fid', 'y'), ('c', 'fid', 'z'), ('gone', 'fid', 'z');
         CREATE TABLE gpkg_extensions(table_name TEXT, column_name TEXT, extension_name TEXT);
         INSERT INTO gpkg_extensions VALUES('a', NULL, 'my_one'), ('a', 'fid', 'my_other'), ('gone', NULL, 'my_third');";
    let warnings = import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", sql));
    assert_eq!(
        warnings,
        [
            "layers \"a\", \"b\", \"d\": column \"odd\" has the type \"VARCHAR(9)\", which GeoPackage does not define for attributes; it was imported as text, with its values unchanged",
            "layers \"a\", \"b\", \"c\": 1 description of a column (gpkg_data_columns) was left out",
            "layer \"a\": what the unknown extensions \"my_one\", \"my_other\" add was left out",
        ]
    );
}

#[test]
fn a_collation_that_sqlite_does_not_have_is_named() {
    let harness = Harness::new();
    let file = report(&harness, "14c-custom-collation.gpkg");
    let expected = "layer \"k\" of 14c-custom-collation.gpkg is sorted by the collation \"LOCALIZED\", which only the program \
                    that wrote it has; except=k imports the other layers, layer=k this one alone";
    assert_eq!(run(&harness, harness.job(&file)).error.as_deref(), Some(expected));
    let without = ImportGeopackage { except: vec!["k".to_owned()], ..harness.job(&file) };
    assert_eq!(run(&harness, without).error, None);
    assert_eq!(rows(&harness, "g"), ["1|geometry|x", "2|geometry|y"]);
}

#[test]
fn a_table_sorted_by_an_unknown_collation_is_left_out_if_it_is_not_registered() {
    for table in [
        "CREATE TABLE k(n TEXT COLLATE ODD PRIMARY KEY) WITHOUT ROWID",
        "CREATE TABLE k(v INT, n TEXT COLLATE \"Äç ' x\" PRIMARY KEY, w TEXT COLLATE NOCASE) WITHOUT ROWID",
    ] {
        let harness = Harness::new();
        let path = gpkg(
            harness.scratch(),
            "f.gpkg",
            "CREATE TABLE a(fid INTEGER PRIMARY KEY, t TEXT COLLATE NOCASE);",
        );
        let file = rusqlite::Connection::open(&path).unwrap();
        let plain = table.replace("COLLATE ODD", "").replace("COLLATE \"Äç ' x\"", "");
        file.execute_batch(&format!("{plain}; PRAGMA writable_schema = ON")).unwrap();
        file.execute("UPDATE sqlite_master SET sql = ?1 WHERE name = 'k'", [table]).unwrap();
        file.close().unwrap();
        let warnings = import_file(&harness, &path);
        assert_eq!(layers(&harness), ["a"]);
        assert!(warnings[0].contains("is sorted by the collation"), "{warnings:?}");
    }
}

#[test]
fn a_collation_matters_only_where_it_sorts_the_rows() {
    let odd = |harness: &Harness, table: &str, plain: &str| {
        let path =
            gpkg(harness.scratch(), "f.gpkg", &format!("{plain}; INSERT INTO k VALUES(1, 'b'), (2, 'a');"));
        let file = rusqlite::Connection::open(&path).unwrap();
        file.execute_batch("PRAGMA writable_schema = ON").unwrap();
        file.execute("UPDATE sqlite_master SET sql = ?1 WHERE name = 'k'", [table]).unwrap();
        file.close().unwrap();
        path
    };
    let harness = Harness::new();
    let columns = "fid INTEGER PRIMARY KEY, n TEXT";
    let path = odd(
        &harness,
        &format!("CREATE TABLE k({columns} COLLATE ODD)"),
        &format!("CREATE TABLE k({columns})"),
    );
    assert_eq!(import_file(&harness, &path), [""; 0]);
    assert_eq!(rows(&harness, "k"), ["1|b", "2|a"]);

    let harness = Harness::new();
    let sorted = "v INTEGER, n TEXT PRIMARY KEY";
    let path = odd(
        &harness,
        "CREATE TABLE k(v INTEGER, n TEXT COLLATE \"Gérard's\" PRIMARY KEY) WITHOUT ROWID",
        &format!("CREATE TABLE k({sorted}) WITHOUT ROWID"),
    );
    let named = ImportGeopackage { layer: Some("k".to_owned()), ..harness.job(&path) };
    let error = run(&harness, named).error.unwrap();
    assert!(error.contains("is sorted by the collation \"Gérard's\", which only the program"), "{error}");
}

#[test]
fn geometry_types_of_unregistered_columns_are_told_in_any_spelling() {
    for declared in ["GEOMETRY", "multipolygon", "LINESTRINGZ", "Point ZM", "COMPOUNDCURVE"] {
        let harness = Harness::new();
        let sql = format!(
            "CREATE TABLE a(fid INTEGER PRIMARY KEY, \"g x\" {declared}); INSERT INTO a VALUES(1, {}), (2, NULL);",
            point(1.0, 2.0)
        );
        let warnings = import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &sql));
        assert_eq!(
            warnings,
            [format!(
                "layer \"a\": column \"g x\" has the type {declared:?}, but gpkg_geometry_columns does not name it; its geometries were imported as bytes"
            )]
        );
    }
}

#[test]
fn descriptions_of_columns_are_counted_however_the_table_is_written() {
    let data_columns = "(table_name TEXT, column_name TEXT, name TEXT, title TEXT, constraint_name TEXT)";
    let none = [""; 0].map(str::to_owned).to_vec();
    let told = |count: &str| vec![format!("layer \"a\": {count} (gpkg_data_columns) were left out")];
    for (sql, expected) in [
        ("".to_owned(), none.clone()),
        ("CREATE TABLE gpkg_data_column_constraints(constraint_name TEXT);".to_owned(), none),
        (
            format!(
                "CREATE TABLE GPKG_DATA_COLUMNS{data_columns};
                 INSERT INTO gpkg_data_columns VALUES('A', 'FID', 'n', 't', NULL), ('a', 'T', 'n', 't', 'c');"
            ),
            told("2 descriptions of columns"),
        ),
        (
            format!(
                "CREATE TABLE gpkg_data_columns{data_columns};
                 INSERT INTO gpkg_data_columns VALUES('a', 'fid', NULL, NULL, NULL), ('a', 'gone', 'n', NULL, NULL), ('a', NULL, '', '', '');"
            ),
            told("3 descriptions of columns"),
        ),
    ] {
        let harness = Harness::new();
        let sql = format!("CREATE TABLE a(fid INTEGER PRIMARY KEY, t TEXT); {sql}");
        assert_eq!(import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &sql)), expected, "{sql}");
    }
}

#[test]
fn metadata_of_each_scope_is_told() {
    let file = |references: &str| {
        format!(
            "CREATE TABLE a(fid INTEGER PRIMARY KEY, t TEXT);
             CREATE TABLE gpkg_metadata(id INTEGER PRIMARY KEY, md_scope TEXT, md_standard_uri TEXT, mime_type TEXT, metadata TEXT);
             CREATE TABLE gpkg_metadata_reference(reference_scope TEXT, table_name TEXT, column_name TEXT, row_id_value INTEGER,
                timestamp DATETIME, md_file_id INTEGER, md_parent_id INTEGER);
             INSERT INTO gpkg_metadata VALUES(1, 'dataset', '', 'text/xml', '<a/>'), (2, 'dataset', '', 'text/plain', 'b');
             INSERT INTO gpkg_metadata_reference VALUES {references};"
        )
    };
    for (references, expected) in [
        ("('table', 'a', NULL, NULL, '', 1, NULL)", vec![]),
        (
            "('column', 'a', 't', NULL, '', 1, NULL)",
            vec!["layer \"a\": metadata documents were left out: 1 of columns"],
        ),
        (
            "('row', 'a', NULL, 1, '', 1, NULL), ('row/col', 'A', 't', 2, '', 2, NULL)",
            vec!["layer \"a\": metadata documents were left out: 2 of rows"],
        ),
        (
            "('geopackage', NULL, NULL, NULL, '', 1, NULL), ('geopackage', NULL, NULL, NULL, '', 2, NULL)",
            vec!["2 metadata documents about the whole file were left out"],
        ),
    ] {
        let harness = Harness::new();
        let warnings = import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &file(references)));
        assert_eq!(warnings, expected, "{references}");
    }
}
