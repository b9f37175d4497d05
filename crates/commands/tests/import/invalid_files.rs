//! Invalid and damaged files.

use std::fs;

use longhaul_tasks::{ReportValue, Status};

use crate::support::{
    git::assert_clean,
    gpkg::{ROADS, gpkg, point, points},
    harness::Harness,
    rows::rows,
};

#[test]
fn a_file_that_is_not_sqlite_is_refused() {
    let harness = Harness::new();
    let file = harness.scratch().join("notes.gpkg");
    for content in [&b""[..], b"hello", &[0; 5000], b"SQLite format 3\0"] {
        fs::write(&file, content).unwrap();
        let error = harness.expect_failure(harness.job(&file));
        assert_eq!(error, "notes.gpkg is not a GeoPackage: it is not an SQLite file");
    }
}

#[test]
fn a_missing_file_is_named_without_its_folder() {
    let harness = Harness::new();
    let error = harness.expect_failure(harness.job(&harness.scratch().join("gone.gpkg")));
    assert!(error.starts_with("cannot read gone.gpkg: "), "{error}");
}

#[test]
fn a_truncated_file_is_refused() {
    let harness = Harness::new();
    let file = gpkg(harness.scratch(), "f.gpkg", ROADS);
    let bytes = fs::read(&file).unwrap();
    for length in [bytes.len() - 1, bytes.len() / 2, 4096] {
        fs::write(&file, &bytes[..length]).unwrap();
        let error = harness.expect_failure(harness.job(&file));
        assert!(error.starts_with("f.gpkg is truncated: "), "{error}");
    }
}

#[test]
fn a_damaged_file_is_refused_wherever_the_damage_is() {
    let harness = Harness::new();
    let sql = format!(
        "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT); {}",
        crate::support::gpkg::many("roads", 2000, 1)
    );
    let file = gpkg(harness.scratch(), "f.gpkg", &sql);
    let whole = fs::read(&file).unwrap();
    let mut failed = 0;
    for page in 1..whole.len() / 4096 {
        let mut bytes = whole.clone();
        bytes[page * 4096..][..64].fill(0xff);
        fs::write(&file, &bytes).unwrap();
        // An import does not read every page, so it may succeed.
        let task = harness.run(harness.job(&file));
        if let Some(error) = &task.error {
            let message = harness.error_text(error);
            assert!(message.starts_with("f.gpkg") || message.starts_with("Nothing to commit"), "{message}");
            failed += 1;
        }
    }
    assert!(failed > 0);
    assert_clean(harness.git_dir());
}

#[test]
fn a_geometry_that_does_not_decode_is_found_by_file_layer_and_row() {
    let harness = Harness::new();
    for (bad, why) in [
        ("X'47500001'", "the geometry ends too early"),
        ("X'00'", "the value is not a GeoPackage geometry"),
        ("'POINT (1 2)'", "a geometry was expected, found a text"),
        ("5", "a geometry was expected, found a number"),
    ] {
        let sql = format!(
            "CREATE TABLE trees (fid INTEGER PRIMARY KEY, geom POINT); {}
             INSERT INTO trees VALUES (1, {}), (42, {bad}), (43, {});",
            points("trees", 4326),
            point(1.0, 2.0),
            point(3.0, 4.0),
        );
        let error = harness.expect_failure(harness.job(&gpkg(harness.scratch(), "park.gpkg", &sql)));
        assert!(
            error.starts_with(r#"row 42 of layer "trees" of park.gpkg: cannot read column "geom": "#),
            "{error}"
        );
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn one_invalid_layer_prevents_the_whole_import() {
    let harness = Harness::new();
    let sql = format!(
        "{ROADS} CREATE TABLE trees (fid INTEGER PRIMARY KEY, geom POINT); INSERT INTO trees VALUES (1, X'00'); {}",
        points("trees", 4326)
    );
    harness.expect_failure(harness.job(&gpkg(harness.scratch(), "f.gpkg", &sql)));
}

#[test]
fn a_file_in_wal_mode_that_lacks_features_is_imported_with_a_warning() {
    let harness = Harness::new();
    let counts = "CREATE TABLE gpkg_ogr_contents(table_name TEXT, feature_count INTEGER);
                  INSERT INTO gpkg_ogr_contents VALUES('roads', 3);";
    let file = gpkg(harness.scratch(), "f.gpkg", &format!("{ROADS} {counts}"));
    let mut bytes = fs::read(&file).unwrap();
    bytes[18..20].fill(2);
    fs::write(&file, bytes).unwrap();

    let task = harness.run(harness.job(&file));
    assert_eq!(task.status, Status::Finished, "{:?}", task.error);
    let result = task.result.unwrap();
    let warning = result.members().iter().find(|(name, _)| name == "warning").map(|(_, node)| node);
    let expected = "f.gpkg is in WAL mode: edits that were left in f.gpkg-wal beside it are not in it";
    assert_eq!(warning, Some(&ReportValue::List(vec![ReportValue::text(expected)])));
    let commit = harness.repository.branch_tip("master").unwrap().unwrap().to_string();
    assert_eq!(rows(&harness.repository, &commit, "roads").len(), 2);
}

#[test]
fn a_failed_import_carries_the_warnings_that_it_found() {
    let harness = Harness::new();
    let sql = format!(
        "{ROADS} CREATE VIEW streets AS SELECT * FROM roads;
         INSERT INTO gpkg_contents (table_name, data_type) VALUES ('streets', 'features');"
    );
    let file = gpkg(harness.scratch(), "f.gpkg", &sql);
    harness.import(harness.job(&file));
    let again = harness.run(harness.job(&file));
    assert_eq!(again.status, Status::Failed);
    let warning = "\"streets\" is a view, which is not run, and was left out";
    let expected = ("warning".to_owned(), ReportValue::List(vec![ReportValue::text(warning)]));
    assert_eq!(again.result.unwrap().members(), [expected]);
}

#[test]
fn old_codes_for_heights_become_those_of_today() {
    let harness = Harness::new();
    // A point with a height in the extended WKB of older versions of GDAL.
    let old =
        "X'47500001e6100000 0101000080 000000000000f03f 0000000000000040 0000000000000840'".replace(' ', "");
    let sql = format!(
        "CREATE TABLE trees (fid INTEGER PRIMARY KEY, geom POINT); {} INSERT INTO trees VALUES (1, {old});",
        points("trees", 4326)
    );
    let commit = harness.import(harness.job(&gpkg(harness.scratch(), "f.gpkg", &sql)));
    let dataset = crate::support::rows::layer(&harness.repository, &commit, "trees");
    let batch = dataset.batches().next().unwrap().unwrap();
    let longhaul_geodata::Value::Geometry(geometry) = batch.rows().next().unwrap().value(1) else {
        panic!("a geometry")
    };
    assert_eq!(geometry[..13], *b"GP\0\x01\0\0\0\0\x01\xe9\x03\0\0");
}
