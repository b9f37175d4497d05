//! Values that are not what their column says, or that cannot be read.

use longhaul_commands::ImportGeopackage;

use crate::{
    outcome::{import, import_file, message, report, rows, run},
    support::{
        gpkg::{gpkg, many, point, points},
        harness::Harness,
    },
};

#[test]
fn values_that_do_not_fit_their_type_are_kept_with_one_warning_for_each_column() {
    let harness = Harness::new();
    assert_eq!(
        import(&harness, "19-booleans.gpkg"),
        [
            "layer \"b\": column \"v\": 8 values are not of its type BOOLEAN, in rows 2, 3, 4 and 5 more; they were kept unchanged"
        ]
    );
    assert_eq!(rows(&harness, "b")[..3], ["0|false", "10|false", "11|true"]);
    assert!(rows(&harness, "b").contains(&"4|true".to_owned()), "the text stays a text");

    let harness = Harness::new();
    let misfits = |layer: &str, count: u32, rows: &str| {
        let declared = layer.split_once('_').unwrap().1.to_uppercase();
        format!(
            "layer \"{layer}\": column \"v\": {count} values are not of its type {declared}, in rows {rows}; they were kept unchanged"
        )
    };
    assert_eq!(
        import(&harness, "21-numbers.gpkg"),
        [
            misfits("f_double", 2, "9, 11"),
            misfits("f_float", 2, "9, 11"),
            misfits("f_real", 2, "9, 11"),
            misfits("i_int", 4, "7, 8, 9 and 1 more"),
            misfits("i_integer", 4, "7, 8, 9 and 1 more"),
            misfits("i_mediumint", 9, "0, 1, 2 and 6 more"),
            misfits("i_smallint", 11, "0, 1, 2 and 8 more"),
            misfits("i_tinyint", 14, "0, 1, 2 and 11 more"),
        ]
    );
}

#[test]
fn texts_dates_and_geometries_that_do_not_fit_are_told() {
    let harness = Harness::new();
    let sql = format!(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, geom LINESTRING, t TEXT(3), d DATE, at DATETIME);
         INSERT INTO gpkg_geometry_columns VALUES('a', 'geom', 'LineString', 4326, 0, 0);
         INSERT INTO a VALUES (1, NULL, 'äöü', '2024-02-29', '2024-02-29T12:00:00.5Z'),
            (2, {}, 'long', '29.2.2024', '2024-02-29 12:00:00'), (3, NULL, x'00', 20240229, NULL);",
        point(1.0, 2.0)
    );
    let text = |column: &str, what: &str| format!("layer \"a\": column \"{column}\": {what} kept unchanged");
    assert_eq!(
        import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &sql)),
        [
            text("geom", "1 value is not of its type LINESTRING, in row 2; it was"),
            text("t", "2 values are not of its type TEXT(3), in rows 2, 3; they were"),
            text("d", "2 values are not of its type DATE, in rows 2, 3; they were"),
            text("at", "1 value is not of its type DATETIME, in row 2; it was"),
        ]
    );
    assert_eq!(message(&harness), "Import from f.gpkg:a to a/", "nothing is missing from the commit");
}

#[test]
fn of_many_rows_read_by_several_threads_the_first_are_named() {
    let harness = Harness::with_threads(3);
    let sql = format!(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, v TINYINT); {}; UPDATE a SET v = fid % 100;
         UPDATE a SET v = 1000 WHERE fid % 7 = 5;",
        many("a", 20_000, 1).replace("'number ' || i", "0")
    );
    assert_eq!(
        import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &sql)),
        [
            "layer \"a\": column \"v\": 2857 values are not of its type TINYINT, in rows 5, 12, 19 and 2854 more; they were kept unchanged"
        ]
    );
}

#[test]
fn a_geometry_of_no_bytes_becomes_null() {
    let harness = Harness::new();
    assert_eq!(
        import(&harness, "04-zero-length-geometry.gpkg"),
        ["layer \"pts\": column \"geom\": 1 geometry of no bytes became null, in row 2"]
    );
    assert_eq!(rows(&harness, "pts"), ["1|geometry|ok", "2|NULL|empty blob", "3|NULL|null"]);
}

#[test]
fn bytes_behind_a_geometry_do_not_stop_an_import() {
    let harness = Harness::new();
    assert_eq!(
        import(&harness, "05-bytes-after-geometry.gpkg"),
        ["layer \"pts\": column \"geom\": 1 geometry is followed by bytes that are not part of it, in row 1"]
    );
    assert_eq!(rows(&harness, "pts"), ["1|geometry|pad"]);

    let harness = Harness::new();
    let longer = |bytes: &str| point(1.0, 2.0).replace("'", "").replace('X', "X'") + bytes + "'";
    let sql = format!(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, geom POINT); {}
         INSERT INTO a VALUES(1, {}), (2, {}), (3, {}), (4, {}), (5, X'');",
        points("a", 4326),
        point(1.0, 2.0),
        longer("00"),
        longer("ffffffffffffffff"),
        longer(&"00".repeat(5000)),
    );
    assert_eq!(
        import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &sql)),
        [
            "layer \"a\": column \"geom\": 1 geometry of no bytes became null, in row 5",
            "layer \"a\": column \"geom\": 3 geometries are followed by bytes that are not part of it, in rows 2, 3, 4",
        ]
    );
}

#[test]
fn a_text_that_is_not_utf_8_is_refused_with_the_way_on_and_replaced_on_request() {
    let harness = Harness::new();
    let file = report(&harness, "22b-invalid-utf8.gpkg");
    let refused = run(&harness, harness.job(&file)).error.unwrap();
    assert_eq!(
        refused,
        "row 2 of layer \"t\" of 22b-invalid-utf8.gpkg: cannot read column \"v\": the text is not valid UTF-8; with lenient=true \
         what is not is replaced"
    );
    let lenient = run(&harness, ImportGeopackage { lenient: true, ..harness.job(&file) });
    let said = "layer \"t\": column \"v\": 1 text was not UTF-8, and what was not was replaced, in row 2";
    assert_eq!((lenient.error, lenient.warnings), (None, vec![said.to_owned()]));
    assert_eq!(rows(&harness, "t"), ["1|ok", "2|M\u{FFFD}nchen"]);
    assert!(message(&harness).ends_with(said), "the commit lacks a letter");
}

#[test]
fn a_lenient_import_replaces_only_what_cannot_be_read() {
    let harness = Harness::new();
    let sql = format!(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, geom POINT, t TEXT, at DATETIME); {}
         INSERT INTO a VALUES (1, {}, 'fine', NULL), (2, X'00', CAST(X'61FF62' AS TEXT), CAST(X'FF5A' AS TEXT)),
            (3, 'POINT(1 2)', CAST(X'C3' AS TEXT), NULL), (4, 7, 'ok', NULL), (5, X'4750000100000000', CAST(X'FF' AS TEXT), NULL),
            (6, NULL, NULL, NULL);",
        points("a", 4326),
        point(1.0, 2.0)
    );
    let file = gpkg(harness.scratch(), "f.gpkg", &sql);
    let refused = run(&harness, harness.job(&file)).error.unwrap();
    assert!(refused.contains("cannot read column") && refused.contains("; with lenient=true "), "{refused}");
    let lenient = run(&harness, ImportGeopackage { lenient: true, ..harness.job(&file) });
    assert_eq!(lenient.error, None);
    assert_eq!(
        lenient.warnings,
        [
            "layer \"a\": column \"geom\": 4 values could not be read and became null, in rows 2, 3, 4 and 1 more",
            "layer \"a\": column \"t\": 3 texts were not UTF-8, and what was not was replaced, in rows 2, 3, 5",
            "layer \"a\": column \"at\": 1 text was not UTF-8, and what was not was replaced, in row 2",
        ]
    );
    let expected = [
        "1|geometry|fine|NULL",
        "2|NULL|a\u{FFFD}b|\u{FFFD}Z",
        "3|NULL|\u{FFFD}|NULL",
        "4|NULL|ok|NULL",
        "5|NULL|\u{FFFD}|NULL",
        "6|NULL|NULL|NULL",
    ];
    assert_eq!(rows(&harness, "a"), expected);
}

#[test]
fn geometries_of_no_bytes_become_null_in_layers_of_every_type() {
    for (declared, values, expected) in [
        ("POLYGON", "(1, X''), (2, X'')", "2 geometries of no bytes became null, in rows 1, 2"),
        ("GEOMETRY", "(7, X''), (8, NULL)", "1 geometry of no bytes became null, in row 7"),
        (
            "MULTIPOINT NOT NULL",
            "(1, X''), (2, X''), (3, X''), (4, X'')",
            "4 geometries of no bytes became null, in rows 1, 2, 3 and 1 more",
        ),
    ] {
        for lenient in [false, true] {
            let harness = Harness::new();
            let kind = declared.split(' ').next().unwrap();
            let sql = format!(
                "CREATE TABLE a(fid INTEGER PRIMARY KEY, geom {declared});
                 INSERT INTO gpkg_geometry_columns VALUES('a', 'geom', '{kind}', 4326, 0, 0); INSERT INTO a VALUES {values};"
            );
            let job = ImportGeopackage { lenient, ..harness.job(&gpkg(harness.scratch(), "f.gpkg", &sql)) };
            let outcome = run(&harness, job);
            assert_eq!(outcome.error, None);
            assert_eq!(outcome.warnings, [format!("layer \"a\": column \"geom\": {expected}")]);
            assert!(rows(&harness, "a").iter().all(|row| row.ends_with("|NULL")));
        }
    }
}
