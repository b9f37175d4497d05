//! GeoPackages that GeoGig exported.

use longhaul_commands::ImportGeopackage;

use crate::{
    outcome::{head, import, import_file, layers, meta, report, rows, run},
    support::{
        gpkg::{gpkg, point, points},
        harness::Harness,
    },
};

#[test]
fn features_are_told_apart_by_geogigs_ids_and_not_by_rows() {
    let harness = Harness::new();
    assert_eq!(import(&harness, "ggxp.gpkg"), [""; 0]);
    let before = rows(&harness, "cities");
    assert_eq!(before.len(), 243);
    assert!(
        before[0].starts_with("fid-7ef15789_1a22b396a64_-7") && before[0].contains("|geometry|"),
        "{}",
        before[0]
    );
    let schema = meta(&harness, "cities", "schema.json");
    assert!(
        schema.contains("\"name\": \"geogig_fid\", \"dataType\": \"text\", \"primaryKeyIndex\": 0"),
        "{schema}"
    );

    let western = report(&harness, "ggxb.gpkg");
    let outcome = run(&harness, ImportGeopackage { add: true, ..harness.job(&western) });
    assert_eq!(outcome.error, Some(format!("Nothing to commit after {}", head(&harness))));
    assert_eq!(rows(&harness, "cities"), before);
}

#[test]
fn the_tables_of_the_interchange_format_are_geogigs_own() {
    let harness = Harness::new();
    assert_eq!(import(&harness, "ggxi.gpkg"), [""; 0]);
    assert_eq!(layers(&harness), ["cities"]);
    assert_eq!(rows(&harness, "cities").len(), 243);
}

/// A layer `a` of so many named points, of which GeoGig's table lists these pairs of rows and ids.
fn exported(harness: &Harness, names: &[(u32, &str)], ids: &[(&str, &str)]) -> std::path::PathBuf {
    let values =
        names.iter().map(|(row, name)| format!("({row}, {}, '{name}')", point(f64::from(*row), 0.0)));
    let ids: Vec<_> = ids.iter().map(|(row, id)| format!("('{row}', '{id}')")).collect();
    let sql = format!(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY AUTOINCREMENT, geom Point, name TEXT); {}
         INSERT INTO a VALUES {};
         CREATE TABLE a_fids(gpkg_fid VARCHAR, geogig_fid VARCHAR, PRIMARY KEY(gpkg_fid));
         INSERT INTO a_fids SELECT * FROM (VALUES {}) WHERE column1 <> '';",
        points("a", 4326),
        values.collect::<Vec<_>>().join(", "),
        ids.join(", ")
    );
    gpkg(harness.scratch(), "f.gpkg", &sql)
}

#[test]
fn a_row_that_geogig_does_not_know_gets_an_id_that_stays() {
    let harness = Harness::new();
    let file =
        exported(&harness, &[(2, "x"), (3, "y"), (9, "new")], &[("2", "f.1"), ("3", "f.2"), ("4", "f.3")]);
    let warnings = import_file(&harness, &file);
    assert_eq!(
        warnings,
        ["layer \"a\": 1 row is not listed in the table of GeoGig's feature ids and got new ids, in row 9"]
    );
    let found = rows(&harness, "a");
    assert_eq!(found[..2], ["f.1|geometry|x", "f.2|geometry|y"]);
    assert!(found[2].starts_with("fid-"), "{found:?}");
    assert!(run(&harness, harness.job(&file)).error.unwrap().starts_with("Nothing to commit after "));
}

#[test]
fn a_table_that_only_repeats_the_numbers_of_rows_changes_nothing() {
    let harness = Harness::new();
    let file = exported(&harness, &[(2, "x"), (3, "y")], &[("2", "2"), ("3", "3")]);
    assert_eq!(import_file(&harness, &file), [""; 0]);
    assert_eq!(rows(&harness, "a"), ["2|geometry|x", "3|geometry|y"]);
    let harness = Harness::new();
    let empty = exported(&harness, &[(2, "x")], &[("", "")]);
    assert_eq!(import_file(&harness, &empty), [""; 0]);
    assert_eq!(rows(&harness, "a"), ["2|geometry|x"]);
}

#[test]
fn a_column_that_a_request_names_counts_more_than_geogigs_ids() {
    let harness = Harness::new();
    let file = exported(&harness, &[(2, "x"), (3, "y")], &[("2", "f.1"), ("3", "f.2")]);
    let job = ImportGeopackage { fid_attribute: Some("name".to_owned()), ..harness.job(&file) };
    assert_eq!(run(&harness, job).error, None);
    assert_eq!(rows(&harness, "a"), ["2|geometry|x", "3|geometry|y"]);
}

#[test]
fn two_rows_with_one_id_are_refused() {
    let harness = Harness::new();
    let file = exported(&harness, &[(2, "x"), (3, "y")], &[("2", "f.1"), ("3", "f.1")]);
    let error = run(&harness, harness.job(&file)).error.unwrap();
    assert!(error.contains("f.1") && error.contains("occurs in more than one row"), "{error}");
}

#[test]
fn audit_tables_are_geogigs_own_unless_they_are_registered() {
    let audit = |name: &str| {
        format!("CREATE TABLE {name}(fid INTEGER, name TEXT, audit_timestamp DATETIME, audit_op INTEGER);")
    };
    let audited = "CREATE TABLE geogig_audited_tables(table_name TEXT, mapped_path TEXT, audit_table TEXT, commit_id TEXT);
         CREATE TABLE geogig_metadata(repository_uri TEXT);";
    let registered = "INSERT INTO gpkg_contents(table_name, data_type) VALUES('a_audit', 'attributes');";
    for (sql, expected) in [
        (format!("{audited} {}", audit("a_audit")), vec!["a"]),
        (
            format!(
                "{audited} {} INSERT INTO geogig_audited_tables VALUES('a', 'x/a', 'A_AUDIT', '');",
                audit("A_Audit")
            ),
            vec!["a"],
        ),
        (format!("{audited} {} {registered}", audit("a_audit")), vec!["a", "a_audit"]),
        (
            format!("{audited} CREATE TABLE a_fids(gpkg_fid VARCHAR PRIMARY KEY, geogig_fid VARCHAR);"),
            vec!["a"],
        ),
    ] {
        let harness = Harness::new();
        let sql = format!(
            "CREATE TABLE a(fid INTEGER PRIMARY KEY, name TEXT); INSERT INTO a VALUES(1, 'x'); {sql}"
        );
        let warnings = import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &sql));
        assert_eq!(layers(&harness), expected, "{sql}");
        assert_eq!(warnings, [""; 0], "{sql}");
    }
}
