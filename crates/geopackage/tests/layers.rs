//! Which tables are layers, and how they are described.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod build;

use build::{POINT, Sample, features, features_of};
use longhaul_geodata::{Column, DataType, GeometryType};
use longhaul_geopackage::{Error, GeoPackage, Table};

/// A table `a` with a point column that is declared as one, with these reference systems of contents and column.
fn points(contents_srs: i64, column_srs: i64) -> Sample {
    Sample::package(&format!(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, geom POINT);
         INSERT INTO gpkg_contents(table_name, data_type, srs_id) VALUES('a', 'features', {contents_srs});
         INSERT INTO gpkg_geometry_columns VALUES('a', 'geom', 'POINT', {column_srs}, 0, 0);"
    ))
}

fn table(sample: &Sample, layer: &str) -> Table {
    sample.open().layer(layer).unwrap()
}

fn column(name: &str, data_type: DataType) -> Column {
    Column { name: name.to_owned(), data_type, primary_key: false }
}

#[test]
fn the_tables_of_the_system_are_no_layers() {
    let sample = Sample::package(
        "CREATE TABLE roads(fid INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);
         CREATE TABLE Lakes(fid INTEGER PRIMARY KEY);
         CREATE TABLE lonely_fids(fid INTEGER PRIMARY KEY);
         CREATE TABLE roads_node(fid INTEGER PRIMARY KEY);
         CREATE TABLE gpkgish(fid INTEGER PRIMARY KEY);
         CREATE TABLE roads_fids(a);
         CREATE TABLE LAKES_FIDS(a);
         CREATE TABLE geogig_metadata(a);
         CREATE TABLE GPKG_extensions(a);
         CREATE TABLE ogr_empty_table(a);
         CREATE TABLE rtree_is_not_mine(a);
         CREATE VIEW a_view AS SELECT * FROM roads;
         CREATE VIRTUAL TABLE tree USING rtree(id, minx, maxx);
         CREATE VIRTUAL TABLE rtree_roads_geom USING rtree(id, minx, maxx, miny, maxy);
         CREATE VIRTUAL TABLE search USING rtree(id, minx, maxx);
         CREATE VIRTUAL TABLE old_search USING rtree(id, minx, maxx);
         CREATE TABLE search_data(a); CREATE TABLE search_idx(a); CREATE TABLE search_content(a);
         CREATE TABLE search_docsize(a); CREATE TABLE search_config(a);
         CREATE TABLE old_search_content(a); CREATE TABLE old_search_segments(a); CREATE TABLE old_search_segdir(a);
         CREATE TABLE old_search_docsize(a); CREATE TABLE old_search_stat(a);
         INSERT INTO roads VALUES(1, 'x'); ANALYZE;",
    );
    // The SQLite of these tests has no full-text search: the tables are made by hand.
    sample.write(|db| {
        db.execute_batch(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_master SET sql = 'CREATE VIRTUAL TABLE search USING fts5(name)' WHERE name = 'search';
             UPDATE sqlite_master SET sql = 'CREATE VIRTUAL TABLE old_search USING fts4(name)' WHERE name = 'old_search';",
        )
        .unwrap();
    });
    let package = sample.open();
    assert_eq!(package.layer_names(), ["Lakes", "gpkgish", "lonely_fids", "roads", "roads_node"]);
    assert_eq!(
        package.warnings(),
        [
            "\"a_view\" is a view, which is not run, and was left out",
            "3 virtual tables, which are not run, were left out: \"old_search\" (fts4), \"search\" (fts5), \"tree\" (rtree)",
            "9 tables are not in gpkg_contents, have reserved names, and were left out: \"LAKES_FIDS\", \"old_search_node\", \"old_search_parent\" and 6 more",
        ]
    );
}

#[test]
fn a_view_that_is_called_a_layer_is_left_out_with_a_note() {
    let sample = Sample::package(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY); CREATE VIEW b AS SELECT * FROM a; CREATE VIEW c AS SELECT 1;
         INSERT INTO gpkg_contents(table_name, data_type) VALUES('a', 'attributes'), ('b', 'attributes');",
    );
    let package = sample.open();
    assert_eq!(package.layer_names(), ["a"]);
    assert_eq!(package.warnings(), ["2 views, which are not run, were left out: \"b\", \"c\""]);
}

#[test]
fn a_table_of_tiles_is_left_out_with_a_note() {
    let sample = Sample::package(
        "CREATE TABLE photo(id INTEGER PRIMARY KEY, tile_data BLOB); CREATE TABLE a(fid INTEGER PRIMARY KEY);
         INSERT INTO gpkg_contents(table_name, data_type) VALUES('photo', 'tiles'), ('a', 'attributes');",
    );
    let package = sample.open();
    assert_eq!(package.layer_names(), ["a"]);
    assert_eq!(package.warnings(), ["table \"photo\" holds raster tiles and was left out"]);
}

#[test]
fn what_is_no_layer_cannot_be_asked_for() {
    let sample = Sample::package("CREATE TABLE a(b); CREATE VIEW v AS SELECT 1;");
    let package = sample.open();
    for name in ["v", "A", "gpkg_contents", "sqlite_master", "", "a; --"] {
        let error = package.layer(name).unwrap_err();
        assert_eq!(sample.message(&error), format!("upload.gpkg has no layer {name:?}"));
    }
}

#[test]
fn columns_have_the_types_of_geopackage() {
    let sample = Sample::package(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, b boolean, i8 TINYINT, i16 SMALLINT, i32 MEDIUMINT, i INT, f FLOAT,
            d DOUBLE, r REAL, t TEXT, t9 text(9), blob BLOB, b9 BLOB(9), day DATE, at DATETIME,
            huge TEXT(99999999999999999999));",
    );
    let table = table(&sample, "a");
    let types: Vec<_> = table.layer.schema.columns.iter().map(|column| column.data_type.clone()).collect();
    let text = |length| DataType::Text { length };
    assert_eq!(
        types,
        [
            DataType::Integer { size: 64 },
            DataType::Boolean,
            DataType::Integer { size: 8 },
            DataType::Integer { size: 16 },
            DataType::Integer { size: 32 },
            DataType::Integer { size: 64 },
            DataType::Float { size: 32 },
            DataType::Float { size: 64 },
            DataType::Float { size: 64 },
            text(None),
            text(Some(9)),
            DataType::Blob { length: None },
            DataType::Blob { length: Some(9) },
            DataType::Date,
            DataType::Timestamp { utc: true },
            text(None),
        ]
    );
    assert_eq!(table.warnings.len(), 1, "{:?}", table.warnings);
}

#[test]
fn a_column_of_an_unknown_type_becomes_text_with_a_note() {
    let sample = Sample::package("CREATE TABLE a(fid INTEGER PRIMARY KEY, n NUMERIC(10,2), u, p POINT);");
    let table = table(&sample, "a");
    for (at, name) in [(1, "n"), (2, "u"), (3, "p")] {
        assert_eq!(table.layer.schema.columns[at], column(name, DataType::Text { length: None }));
    }
    assert_eq!(
        table.warnings,
        [
            "layer \"a\": column \"p\" has the type \"POINT\", but gpkg_geometry_columns does not name it; its geometries were imported as bytes",
            "layer \"a\": 2 columns have types that GeoPackage does not define for attributes, and were imported as text, with their values unchanged: \"n\" has the type \"NUMERIC(10,2)\", \"u\" has the type \"\"",
        ]
    );
}

#[test]
fn a_geometry_column_has_its_type_and_reference_system() {
    let sample = points(4326, 4326);
    sample.write(|db| {
        db.execute_batch("UPDATE gpkg_geometry_columns SET z = 1, m = 2, column_name = 'GEOM'").unwrap()
    });
    let table = table(&sample, "a");
    let kind = GeometryType { name: "POINT".to_owned(), z: true, m: true };
    let data_type = DataType::Geometry { kind, crs: Some("EPSG:4326".to_owned()) };
    assert_eq!(table.layer.schema.columns[1], column("geom", data_type));
    assert_eq!(table.layer.crs.len(), 1);
    assert_eq!(table.layer.crs[0].wkt, "GEOGCS[\"WGS 84\",\n    AUTHORITY[\"EPSG\", \"4326\"]]\n");
}

#[test]
fn a_geometry_column_names_its_own_reference_system_not_that_of_the_contents() {
    let crs = |sample: Sample| match table(&sample, "a").layer.schema.columns[1].data_type.clone() {
        DataType::Geometry { crs, .. } => crs,
        other => panic!("{other:?}"),
    };
    assert_eq!(crs(points(2193, 4326)).as_deref(), Some("EPSG:4326"));
    assert_eq!(crs(points(4326, 0)), None);
    assert_eq!(crs(points(0, 77)), None);
    assert_eq!(table(&points(2193, 4326), "a").layer.crs.len(), 2);
}

#[test]
fn several_geometry_columns_are_refused() {
    let sample = points(4326, 4326);
    sample.write(|db| {
        db.execute_batch(
            "ALTER TABLE a ADD COLUMN centre POINT;
             INSERT INTO gpkg_geometry_columns VALUES('a', 'gone', 'POINT', 4326, 0, 0);
             INSERT INTO gpkg_geometry_columns VALUES('a', 'geom', 'POINT', 4326, 0, 0);",
        )
        .unwrap();
    });
    table(&sample, "a");
    sample.write(|db| {
        db.execute_batch("INSERT INTO gpkg_geometry_columns VALUES('a', 'centre', 'POINT', 4326, 0, 0);")
            .unwrap();
    });
    assert_eq!(
        sample.message(&sample.open().layer("a").unwrap_err()),
        "layer \"a\" of upload.gpkg has several geometry columns (geom, centre), but a dataset has one"
    );
}

fn key(table: &Table) -> Option<&str> {
    let columns = &table.layer.schema.columns;
    table.layer.schema.primary_key().map(|at| columns[at].name.as_str())
}

#[test]
fn the_primary_key_is_that_of_the_table() {
    let sample = Sample::package(
        "CREATE TABLE a(t TEXT, k INTEGER PRIMARY KEY); CREATE TABLE b(t TEXT);
         CREATE TABLE c(t TEXT PRIMARY KEY, u) WITHOUT ROWID;",
    );
    assert_eq!(key(&table(&sample, "a")), Some("k"));
    assert_eq!(key(&table(&sample, "b")), None);
    assert_eq!(key(&table(&sample, "c")), Some("t"));
    assert!(table(&sample, "a").has_rowid() && !table(&sample, "c").has_rowid());
}

#[test]
fn a_primary_key_of_several_columns_is_refused_but_leaves_other_layers_alone() {
    let sample = Sample::package(
        "CREATE TABLE a(x, y, z, PRIMARY KEY(z, x)); CREATE TABLE b(fid INTEGER PRIMARY KEY);",
    );
    let package = sample.open();
    assert_eq!(package.layer_names(), ["a", "b"]);
    package.layer("b").unwrap();
    let error = package.layer("a").unwrap_err();
    assert!(matches!(error, Error::CompositeKey { .. }));
    assert_eq!(
        sample.message(&error),
        "layer \"a\" of upload.gpkg has a primary key of several columns (z, x), but a dataset has one"
    );
    assert_eq!(key(&package.layer_keyed_by("a", "y").unwrap()), Some("y"));
}

#[test]
fn another_column_can_be_taken_for_the_primary_key() {
    let sample =
        Sample::package("CREATE TABLE a(fid INTEGER PRIMARY KEY, Code TEXT); INSERT INTO a VALUES(1, 'x');");
    let package = sample.open();
    let table = package.layer_keyed_by("a", "Code").unwrap();
    assert_eq!(key(&table), Some("Code"));
    assert_eq!(features_of(&package.reader().unwrap(), &package, &table, 1).unwrap(), ["1 \"x\""]);

    let error = package.layer_keyed_by("a", "code").unwrap_err();
    assert_eq!(sample.message(&error), "layer \"a\" of upload.gpkg has no column \"code\"");
}

#[test]
fn titles_descriptions_and_counts_come_along() {
    let sample = Sample::package(
        "CREATE TABLE a(b); CREATE TABLE c(d);
         INSERT INTO gpkg_contents(table_name, data_type, identifier, description)
            VALUES('A', 'attributes', 'A title', 'Two
lines'), ('c', 'attributes', '', '');
         CREATE TABLE gpkg_ogr_contents(table_name TEXT, feature_count INTEGER);
         INSERT INTO gpkg_ogr_contents VALUES('a', 17), ('c', -1);
         INSERT INTO c VALUES(1), (2);",
    );
    let a = table(&sample, "a");
    assert_eq!(a.layer.title.as_deref(), Some("A title"));
    assert_eq!(a.layer.description.as_deref(), Some("Two\nlines"));
    assert_eq!(a.feature_count, Some(17));
    let c = table(&sample, "c");
    assert_eq!(sample.open().count_rows(&c), Some(2));
    assert_eq!((c.layer.title, c.layer.description, c.feature_count), (None, None, None));
}

/// A package with these documents about the layer `a`.
fn documented(documents: &[&str]) -> Table {
    let sample = Sample::package(
        "CREATE TABLE a(b);
         CREATE TABLE gpkg_metadata(id INTEGER PRIMARY KEY, md_scope TEXT, mime_type TEXT, metadata TEXT);
         CREATE TABLE gpkg_metadata_reference(reference_scope TEXT, table_name TEXT, column_name TEXT,
            row_id_value INTEGER, md_file_id INTEGER);
         INSERT INTO gpkg_metadata VALUES(90, 'dataset', 'text/plain', 'plain'), (91, 'series', 'text/xml', '<series/>');
         INSERT INTO gpkg_metadata_reference VALUES('table', 'a', NULL, NULL, 90), ('table', 'a', NULL, NULL, 91),
            ('table', 'other', NULL, NULL, 1), ('row', 'a', NULL, 7, 1), ('column', 'a', 'b', NULL, 1);",
    );
    sample.write(|db| {
        for document in documents {
            db.execute(
                "INSERT INTO gpkg_metadata(md_scope, mime_type, metadata, id)
                        SELECT 'dataset', 'text/xml', ?1, count(*) FROM gpkg_metadata",
                [document],
            )
            .unwrap();
            db.execute(
                "INSERT INTO gpkg_metadata_reference VALUES('table', 'a', NULL, NULL, ?1)",
                [db.query_row("SELECT count(*) - 1 FROM gpkg_metadata", [], |row| row.get::<_, i64>(0))
                    .unwrap()],
            )
            .unwrap();
        }
    });
    table(&sample, "a")
}

#[test]
fn the_metadata_document_about_a_layer_comes_along() {
    assert_eq!(documented(&[]).layer.metadata_xml, None);
    let one = documented(&["<a/>"]);
    assert_eq!(one.layer.metadata_xml.as_deref(), Some("<a/>"));
    let same_twice = documented(&["<a/>", "<a/>"]);
    assert_eq!(
        (same_twice.layer.metadata_xml.as_deref(), same_twice.warnings.len()),
        (Some("<a/>"), one.warnings.len())
    );
}

#[test]
fn of_several_metadata_documents_the_first_is_kept_with_a_note() {
    let two = documented(&["<b/>", "<a/>"]);
    assert_eq!(two.layer.metadata_xml.as_deref(), Some("<b/>"));
    assert_eq!(
        two.warnings[1..],
        [
            "layer \"a\": several metadata documents, of which the first was kept",
            "layer \"a\": metadata documents were left out: 1 of rows, 1 of columns, 2 of the layer in other forms",
        ]
    );

    let wrapped = documented(&["<GDALMultiDomainMetadata>&lt;a/></GDALMultiDomainMetadata>", "<a/>"]);
    assert_eq!(wrapped.layer.metadata_xml.as_deref(), Some("<a/>"));
    assert_eq!(wrapped.warnings.len(), 2, "{:?}", wrapped.warnings);
}

#[test]
fn a_file_with_incomplete_tables_of_the_system_is_read_all_the_same() {
    let sample = Sample::database(
        "PRAGMA application_id = 0x47504B47; CREATE TABLE gpkg_contents(table_name);
         CREATE TABLE gpkg_geometry_columns(table_name, column_name); CREATE TABLE gpkg_metadata(id);
         CREATE TABLE gpkg_metadata_reference(md_file_id); CREATE TABLE gpkg_spatial_ref_sys(srs_id);
         CREATE TABLE gpkg_ogr_contents(table_name); CREATE TABLE a(fid INTEGER PRIMARY KEY, g);
         INSERT INTO gpkg_contents VALUES('a'); INSERT INTO gpkg_geometry_columns VALUES('a', 'g');",
    );
    sample.write(|db| db.execute_batch(&format!("INSERT INTO a VALUES(1, {POINT})")).unwrap());
    let kind = GeometryType { name: "GEOMETRY".to_owned(), z: false, m: false };
    assert_eq!(
        table(&sample, "a").layer.schema.columns[1],
        column("g", DataType::Geometry { kind, crs: None })
    );
    assert_eq!(features(&sample.open(), "a").unwrap(), ["1 geometry of 29 bytes"]);

    let bare =
        Sample::database("PRAGMA application_id = 0x47504B47; CREATE TABLE a(b); INSERT INTO a VALUES(1);");
    assert_eq!(features(&bare.open(), "a").unwrap(), ["1"]);
}

#[test]
fn an_interrupted_package_answers_nothing_more() {
    let sample = points(4326, 4326);
    let package = sample.open();
    package.interrupter().interrupt();
    for error in [package.layer("a").unwrap_err(), package.reader().unwrap_err()] {
        assert_eq!(sample.message(&error), "reading upload.gpkg was interrupted");
    }
    let error =
        GeoPackage::open_interruptible(sample.path(), build::SHOWN_NAME, &package.interrupter()).unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. }));
    sample.open().layer("a").unwrap();
}

#[cfg(unix)]
#[test]
fn a_file_may_lie_at_any_path() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::PathBuf;

    let sample = points(4326, 4326);
    let elsewhere = tempfile::tempdir().unwrap();
    for name in [&b"a?mode=rwc&vfs=x#%41.gpkg"[..], b" ", "ä😀".as_bytes(), b"\xff\xfe"] {
        let path = elsewhere.path().join(OsStr::from_bytes(name));
        std::fs::copy(sample.path(), &path).unwrap();
        assert_eq!(GeoPackage::open(&path, "it").unwrap().layer_names(), ["a"], "{path:?}");
        let doubled = PathBuf::from(OsStr::from_bytes(&[b"/", path.as_os_str().as_bytes()].concat()));
        assert_eq!(GeoPackage::open(&doubled, "it").unwrap().layer_names(), ["a"], "{doubled:?}");
    }
}
