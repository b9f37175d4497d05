//! Which tables become layers, and what is said of the others.

use longhaul_commands::ImportGeopackage;

use crate::{
    outcome::{import, import_file, layers, message, report, rows, run},
    support::{
        gpkg::{ROADS, gpkg, point, points},
        harness::Harness,
    },
};

const REGISTERED: &str = "INSERT INTO gpkg_contents(table_name, data_type)";

#[test]
fn the_table_of_related_tables_is_one_of_the_system() {
    let harness = Harness::new();
    let warnings = import(&harness, "01-related-tables.gpkg");
    assert_eq!(layers(&harness), ["photos", "trees", "trees_photos"]);
    assert_eq!(warnings, ["1 relation between tables (gpkgext_relations) was left out"]);
}

#[test]
fn what_gpkg_contents_names_is_a_layer_whatever_it_is_called() {
    let harness = Harness::new();
    let warnings = import(&harness, "25-silent-names.gpkg");
    let expected = [
        "Gpkg_own",
        "geogig_notes",
        "gpkgs",
        "ogr_empty_table",
        "roads",
        "roads_fids",
        "rtree",
        "rtree_bark",
        "sqlite3_notes",
    ];
    assert_eq!(layers(&harness), expected);
    let virtual_tables =
        "2 virtual tables, which are not run, were left out: \"house\" (rtree), \"soil\" (fts5)";
    assert_eq!(warnings, [virtual_tables]);
    assert!(message(&harness).ends_with(&format!("\n\nNot as in the source:\n * {virtual_tables}")));
}

#[test]
fn registered_tables_with_names_of_the_system_are_layers() {
    for name in [
        "roads_audit",
        "roads_changes",
        "gpkg_notes",
        "gpkgext_own",
        "nga_properties",
        "tree_node",
        "geogig_metadata",
    ] {
        let harness = Harness::new();
        let sql = format!(
            "{ROADS} CREATE VIRTUAL TABLE tree USING rtree(id, x0, x1);
             CREATE TABLE IF NOT EXISTS other(a); DROP TABLE other; DROP TABLE tree;
             CREATE TABLE {name}(fid INTEGER PRIMARY KEY, audit_op); INSERT INTO {name} VALUES(7, 1);
             {REGISTERED} VALUES('{}', 'attributes');",
            name.to_uppercase()
        );
        let warnings = import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &sql));
        assert!(layers(&harness).contains(&name.to_owned()), "{name}");
        assert_eq!(rows(&harness, name), ["7|1"]);
        assert!(warnings.iter().all(|warning| warning.contains("audit_op")), "{warnings:?}");
    }
}

#[test]
fn a_bookkeeping_table_of_an_extension_is_left_out() {
    let harness = Harness::new();
    let warnings = import(&harness, "02-nga-geometry-index.gpkg");
    assert_eq!(layers(&harness), ["roads"]);
    assert_eq!(
        warnings,
        [
            "2 tables belong to extensions and were left out: \"nga_geometry_index\", \"nga_table_index\"",
            "layer \"roads\": what the unknown extension \"nga_geometry_index\" adds was left out",
        ]
    );
}

#[test]
fn an_unregistered_table_that_cannot_be_a_dataset_is_left_out_with_a_warning() {
    let tables = [
        "CREATE TABLE odd(a, b, PRIMARY KEY(a, b))",
        "CREATE TABLE odd(fid INTEGER PRIMARY KEY, g POINT, h POINT);
         INSERT INTO gpkg_geometry_columns VALUES('odd', 'g', 'POINT', 0, 0, 0), ('odd', 'h', 'POINT', 0, 0, 0)",
        "CREATE TABLE \"con:odd\"(fid INTEGER PRIMARY KEY)",
        "CREATE TABLE odd(a TEXT PRIMARY KEY COLLATE BINARY, b, c INT, UNIQUE(b, c)); DROP TABLE odd;
         CREATE TABLE odd(a TEXT, b TEXT, c, PRIMARY KEY(a, b)) WITHOUT ROWID",
    ];
    for sql in tables {
        let harness = Harness::new();
        let warnings = import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &format!("{ROADS} {sql};")));
        assert_eq!(layers(&harness), ["roads"]);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0].starts_with("a table that is not in gpkg_contents was left out: "),
            "{warnings:?}"
        );
        assert!(warnings[0].contains("odd"), "{warnings:?}");
    }
    let harness = Harness::new();
    let three = "CREATE TABLE x(a, b, PRIMARY KEY(a, b)); CREATE TABLE y(a, b, PRIMARY KEY(a, b));";
    let warnings = import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &format!("{ROADS} {three}")));
    let expected = "2 tables that are not in gpkg_contents were left out, the first of them because layer \"x\" of f.gpkg \
                    has a primary key of several columns (a, b), but a dataset has one";
    assert_eq!(warnings, [expected]);
}

#[test]
fn a_registered_table_that_cannot_be_a_dataset_fails_and_the_message_says_how_to_go_on() {
    let harness = Harness::new();
    let sql = format!(
        "{ROADS} CREATE TABLE odd(a, b, PRIMARY KEY(a, b)); CREATE TABLE more(fid INTEGER PRIMARY KEY);
         {REGISTERED} VALUES('odd', 'attributes'), ('roads', 'attributes');"
    );
    let file = gpkg(harness.scratch(), "f.gpkg", &sql);
    let expected = "layer \"odd\" of f.gpkg has a primary key of several columns (a, b), but a dataset has one; except=odd \
                    imports the other layers, layer=odd this one alone";
    assert_eq!(run(&harness, harness.job(&file)).error.as_deref(), Some(expected));

    let except = ImportGeopackage { except: vec!["odd".to_owned()], ..harness.job(&file) };
    assert_eq!(run(&harness, except).error, None);
    assert_eq!(layers(&harness), ["more", "roads"]);

    let harness = Harness::new();
    let file = gpkg(harness.scratch(), "f.gpkg", &sql);
    let named = |layer: &str, more: &[&str]| ImportGeopackage {
        layer: Some(layer.to_owned()),
        more_layers: more.iter().map(|name| (*name).to_owned()).collect(),
        ..harness.job(&file)
    };
    assert_eq!(run(&harness, named("roads", &["more", "roads"])).error, None);
    assert_eq!(layers(&harness), ["more", "roads"]);
    let odd = run(&harness, named("odd", &[])).error.unwrap();
    assert!(odd.ends_with("but a dataset has one"), "{odd}");
}

#[test]
fn views_are_told_once() {
    let harness = Harness::new();
    let warnings = import(&harness, "13-views.gpkg");
    assert_eq!(layers(&harness), ["pts"]);
    assert_eq!(warnings, ["2 views, which are not run, were left out: \"v_pts\", \"v_unreg\""]);
}

#[test]
fn what_a_file_has_instead_of_layers_is_told_in_the_error() {
    let harness = Harness::new();
    let tiles = run(&harness, harness.job(&report(&harness, "32-tiles-only.gpkg")));
    assert_eq!(
        tiles.error.as_deref(),
        Some("32-tiles-only.gpkg has no layers, only 1 table of raster tiles")
    );
    assert_eq!(tiles.warnings, ["table \"tl\" holds raster tiles and was left out"]);
    for (sql, only) in [
        ("CREATE VIEW a AS SELECT 1; CREATE VIEW b AS SELECT 2;", "2 views"),
        ("CREATE VIRTUAL TABLE a USING rtree(id, x0, x1);", "1 virtual table"),
        ("INSERT INTO gpkg_contents(table_name, data_type) VALUES('a', 'features');", "1 missing table"),
        (
            "CREATE TABLE a(b); CREATE TABLE c(d);
             INSERT INTO gpkg_contents(table_name, data_type) VALUES('a', 'vector-tiles'), ('c', '2d-gridded-coverage');",
            "1 table of raster tiles, 1 table of vector tiles",
        ),
    ] {
        let outcome = run(&harness, harness.job(&gpkg(harness.scratch(), "f.gpkg", sql)));
        assert_eq!(outcome.error, Some(format!("f.gpkg has no layers, only {only}")));
        assert!(!outcome.warnings.is_empty(), "{only}");
    }
}

#[test]
fn tables_that_are_missing_are_told() {
    let harness = Harness::new();
    let warnings = import(&harness, "33-missing-pieces.gpkg");
    assert_eq!(layers(&harness), ["a", "b", "c"]);
    assert_eq!(rows(&harness, "b"), ["1|geometry|y"]);
    assert_eq!(
        warnings,
        [
            "gpkg_contents names \"gone\", which is not in the file",
            "layer \"c\": column \"geom\" has the type \"POINT\", but gpkg_geometry_columns does not name it; its geometries were imported as bytes",
        ]
    );
}

#[test]
fn a_layer_without_anything_odd_beside_others_is_not_spoken_of() {
    let harness = Harness::new();
    let sql = format!(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, geom POINT); {} INSERT INTO a VALUES(1, {});
         CREATE VIRTUAL TABLE rtree_a_geom USING rtree(id, minx, maxx, miny, maxy);
         CREATE TABLE gpkg_extensions(table_name TEXT, column_name TEXT, extension_name TEXT, definition TEXT, scope TEXT);
         INSERT INTO gpkg_extensions VALUES('a', 'geom', 'gpkg_rtree_index', 'x', 'write-only'),
            ('a', 'geom', 'gpkg_geom_CURVE', 'x', 'read-write'), (NULL, NULL, 'my_own', 'x', 'read-write');",
        points("a", 4326),
        point(1.0, 2.0)
    );
    let warnings = import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &sql));
    assert_eq!(warnings, [""; 0]);
    assert_eq!(message(&harness), "Import from f.gpkg:a to a/");
}

#[test]
fn tables_of_registered_extensions_are_of_the_system_in_any_spelling() {
    let relations = "CREATE TABLE GPKGEXT_Relations(id INTEGER PRIMARY KEY, base_table_name TEXT, related_table_name TEXT,
         relation_name TEXT, mapping_table_name TEXT);";
    let two = "2 relations between tables (gpkgext_relations) were left out";
    let styles = "2 tables belong to extensions and were left out: \"gpkgext_styles\", \"gpkgext_symbols\"";
    for (sql, expected) in [
        (relations.to_owned(), vec![]),
        (
            format!(
                "{relations} INSERT INTO gpkgext_relations VALUES(1, 'roads', 'more', 'media', 'm'), (2, 'more', 'roads', 'x', 'm');"
            ),
            vec![two],
        ),
        ("CREATE TABLE gpkgext_styles(a); CREATE TABLE gpkgext_symbols(a);".to_owned(), vec![styles]),
        (
            "CREATE TABLE gpkg_ogr_contents(table_name TEXT PRIMARY KEY, feature_count INTEGER);".to_owned(),
            vec![],
        ),
    ] {
        let harness = Harness::new();
        let warnings = import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &format!("{ROADS} {sql}")));
        assert_eq!(
            (layers(&harness), warnings),
            (vec!["roads".to_owned()], expected.iter().map(ToString::to_string).collect())
        );
    }
}

#[test]
fn views_beside_layers_are_told_with_their_first_names() {
    let view = |name: &str| format!("CREATE VIEW \"{name}\" AS SELECT * FROM roads;");
    for (sql, expected) in [
        (view("v"), "\"v\" is a view, which is not run, and was left out"),
        (
            ["d", "c", "b", "a"].map(view).concat(),
            "4 views, which are not run, were left out: \"a\", \"b\", \"c\" and 1 more",
        ),
        (
            format!(
                "{} {REGISTERED} VALUES('V', 'features'); INSERT INTO gpkg_geometry_columns VALUES('v', 'name', 'POINT', 4326, 0, 0);",
                view("v")
            ),
            "\"v\" is a view, which is not run, and was left out",
        ),
    ] {
        let harness = Harness::new();
        let warnings = import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &format!("{ROADS} {sql}")));
        assert_eq!((layers(&harness), warnings), (vec!["roads".to_owned()], vec![expected.to_owned()]));
    }
}

#[test]
fn pieces_that_are_missing_do_not_hide_the_layers() {
    for (sql, expected) in [
        (
            format!("{REGISTERED} VALUES('gone', 'features'), ('lost', 'attributes');"),
            vec!["gpkg_contents names 2 tables that are not in the file: \"gone\", \"lost\""],
        ),
        ("INSERT INTO gpkg_geometry_columns VALUES('gone', 'geom', 'POINT', 4326, 0, 0);".to_owned(), vec![]),
        (
            "INSERT INTO gpkg_geometry_columns VALUES('roads', 'geom', 'POINT', 4326, 0, 0);".to_owned(),
            vec![],
        ),
        ("DROP TABLE gpkg_spatial_ref_sys;".to_owned(), vec![]),
    ] {
        let harness = Harness::new();
        let warnings = import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &format!("{ROADS} {sql}")));
        assert_eq!(layers(&harness), ["roads"], "{sql}");
        assert_eq!(warnings, expected, "{sql}");
    }
}
