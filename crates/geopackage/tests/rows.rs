//! What rows become features, and which do not.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod build;

use std::collections::HashSet;
use std::thread;

use build::{POINT, Sample, features, features_of};
use longhaul_geodata::Value;
use longhaul_geopackage::Error;

/// A table `a` of `columns`, the last of which is the geometry column `geom`, with `rows`.
fn with_geometry(columns: &str, rows: &str) -> Sample {
    Sample::package(&format!(
        "CREATE TABLE a({columns}, geom POINT);
         INSERT INTO gpkg_geometry_columns VALUES('a', 'geom', 'POINT', 4326, 0, 0);
         INSERT INTO a VALUES {rows};"
    ))
}

/// A table `a` with the features numbered by `fids`.
fn numbered(fids: impl Iterator<Item = i64>) -> Sample {
    let sample = Sample::package("CREATE TABLE a(fid INTEGER PRIMARY KEY, t TEXT);");
    sample.write(|db| {
        db.execute_batch("BEGIN").unwrap();
        let mut insert = db.prepare("INSERT INTO a VALUES(?1, 'feature ' || ?1)").unwrap();
        fids.for_each(|fid| assert_eq!(insert.execute([fid]).unwrap(), 1));
        drop(insert);
        db.execute_batch("COMMIT").unwrap();
    });
    sample
}

#[test]
fn values_stay_what_sqlite_says_they_are() {
    let sample = Sample::package(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, i INTEGER, r REAL, t TEXT, b BLOB, d DATE);
         INSERT INTO a VALUES(1, 7, 7, 7, x'00ff', '2024-02-29'), (2, 'text', 'text', x'01', 'text', 5),
            (3, -9223372036854775808, -1e300, '', x'', NULL), (4, 1.5, NULL, 'ä' || char(0) || '😀', 1.25, 'no day');",
    );
    assert_eq!(
        features(&sample.open(), "a").unwrap(),
        [
            "1 7 7.0 \"7\" [0, ff] \"2024-02-29\"",
            "2 \"text\" \"text\" [1] \"text\" 5",
            "3 -9223372036854775808 -1e300 \"\" [] null",
            "4 1.5 null \"ä\\0😀\" 1.25 \"no day\"",
        ]
    );
}

#[test]
fn only_zero_and_one_are_booleans() {
    let sample = Sample::package(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, b BOOLEAN);
         INSERT INTO a(b) VALUES(0), (1), (2), (-1), ('yes'), (NULL);",
    );
    assert_eq!(
        features(&sample.open(), "a").unwrap(),
        ["1 false", "2 true", "3 2", "4 -1", "5 \"yes\"", "6 null"]
    );
}

#[test]
fn moments_lose_their_zone_letters() {
    let sample = Sample::package(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, at DATETIME, t TEXT);
         INSERT INTO a(at, t) VALUES('2024-02-29T12:34:56.789Z', 'Z'), ('2024-02-29T12:34:56ZZ', 'aZ'), ('Z', ''),
            ('2024-02-29T12:34:56+00:00', ''), (17, '');",
    );
    assert_eq!(
        features(&sample.open(), "a").unwrap(),
        [
            "1 \"2024-02-29T12:34:56.789\" \"Z\"",
            "2 \"2024-02-29T12:34:56\" \"aZ\"",
            "3 \"\" \"\"",
            "4 \"2024-02-29T12:34:56+00:00\" \"\"",
            "5 17 \"\"",
        ]
    );
}

#[test]
fn texts_in_utf_16_are_read() {
    let sample = Sample::database(
        "PRAGMA encoding = 'UTF-16be'; PRAGMA application_id = 0x47504B47;
         CREATE TABLE \"Straße\"(fid INTEGER PRIMARY KEY, \"Größe\" TEXT); INSERT INTO \"Straße\" VALUES(1, 'ü😀');",
    );
    assert_eq!(features(&sample.open(), "Straße").unwrap(), ["1 \"ü😀\""]);
}

#[test]
fn geometries_come_in_the_form_that_datasets_store() {
    let sample = with_geometry("fid INTEGER PRIMARY KEY", &format!("(1, {POINT}), (2, NULL)"));
    let package = sample.open();
    let table = package.layer("a").unwrap();
    let reader = package.reader().unwrap();
    let parts = package.parts(&table, 1).unwrap();
    let batch = reader.batches(&parts[0]).unwrap().next().unwrap().unwrap();
    let rows: Vec<_> = batch.rows().collect();
    let Value::Geometry(geometry) = rows[0].value(1) else { panic!("no geometry") };
    assert_eq!(geometry[..8], [b'G', b'P', 0, 1, 0, 0, 0, 0]);
    assert_eq!(rows[1].value(1), Value::Null);
}

#[test]
fn a_geometry_that_does_not_decode_is_told_by_file_layer_and_row() {
    let sample =
        with_geometry("fid INTEGER PRIMARY KEY", &format!("(1, {POINT}), (42, x'475000010000000001')"));
    assert_eq!(
        sample.message(&features(&sample.open(), "a").unwrap_err()),
        "row 42 of layer \"a\" of upload.gpkg: cannot read column \"geom\": the geometry ends too early"
    );
}

#[test]
fn a_row_without_a_number_is_told_by_its_key() {
    let sample = Sample::package(
        "CREATE TABLE a(k TEXT PRIMARY KEY, geom POINT) WITHOUT ROWID;
         INSERT INTO gpkg_geometry_columns VALUES('a', 'geom', 'POINT', 4326, 0, 0);
         INSERT INTO a VALUES ('x', NULL), ('y', x'00');",
    );
    let message = sample.message(&features(&sample.open(), "a").unwrap_err());
    assert!(message.starts_with("row \"y\" of layer \"a\" of upload.gpkg: "), "{message}");
}

#[test]
fn what_is_no_geometry_has_no_place_in_a_geometry_column() {
    for (value, found) in [("'POINT(1 2)'", "a text"), ("7", "a number"), ("1.5", "a number")] {
        let sample = with_geometry("fid INTEGER PRIMARY KEY", &format!("(1, {value})"));
        assert_eq!(
            sample.message(&features(&sample.open(), "a").unwrap_err()),
            format!(
                "row 1 of layer \"a\" of upload.gpkg: cannot read column \"geom\": a geometry was expected, found {found}"
            )
        );
    }
}

#[test]
fn a_text_that_is_no_utf_8_is_refused() {
    let sample = Sample::package(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, t TEXT, at DATETIME);
         INSERT INTO a VALUES(1, 'fine', NULL), (2, CAST(x'c3' AS TEXT), NULL);
         CREATE TABLE b(fid INTEGER PRIMARY KEY, at DATETIME); INSERT INTO b VALUES(3, CAST(x'ff5a' AS TEXT));",
    );
    let package = sample.open();
    let message = sample.message(&features(&package, "a").unwrap_err());
    assert!(
        message.starts_with(
            "row 2 of layer \"a\" of upload.gpkg: cannot read column \"t\": the text is not valid UTF-8"
        ),
        "{message}"
    );
    assert!(matches!(features(&package, "b"), Err(Error::Cell { row, .. }) if row == "3"));
}

#[test]
fn a_reader_ends_after_its_first_error() {
    let sample = with_geometry("fid INTEGER PRIMARY KEY", "(1, 'no geometry'), (2, NULL)");
    let package = sample.open();
    let parts = package.parts(&package.layer("a").unwrap(), 1).unwrap();
    let reader = package.reader().unwrap();
    let mut batches = reader.batches(&parts[0]).unwrap();
    assert!(matches!(batches.next(), Some(Err(Error::Cell { .. }))));
    assert!(batches.next().is_none());
    assert!(batches.next().is_none());
}

#[test]
fn a_table_without_rows_has_no_features() {
    let sample = Sample::package(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY); CREATE TABLE b(k TEXT PRIMARY KEY) WITHOUT ROWID;",
    );
    let package = sample.open();
    for layer in ["a", "b"] {
        assert!(features(&package, layer).unwrap().is_empty());
        assert_eq!(package.parts(&package.layer(layer).unwrap(), 8).unwrap().len(), 1);
    }
}

#[test]
fn a_layer_is_the_same_in_however_many_parts_it_is_read() {
    let sample = numbered((-700..1500).map(|n| n * 3));
    let package = sample.open();
    let table = package.layer("a").unwrap();
    let reader = package.reader().unwrap();
    let whole = features_of(&reader, &package, &table, 1).unwrap();
    assert_eq!(whole.len(), 2200);
    assert_eq!(whole[0], "-2100 \"feature -2100\"");
    for count in [0, 1, 2, 3, 7, 64, 2201, 100_000] {
        assert!(package.parts(&table, count).unwrap().len() <= count.max(1));
        assert_eq!(features_of(&reader, &package, &table, count).unwrap(), whole, "{count} parts");
    }
}

#[test]
fn parts_have_about_as_many_rows_each() {
    let sample = numbered(1..=1000);
    let package = sample.open();
    let reader = package.reader().unwrap();
    let parts = package.parts(&package.layer("a").unwrap(), 4).unwrap();
    let rows = |part| reader.batches(part).unwrap().map(|batch| batch.unwrap().len()).sum::<usize>();
    assert_eq!(parts.iter().map(rows).collect::<Vec<_>>(), [250; 4]);
}

#[test]
fn row_numbers_from_end_to_end_of_their_range_are_read() {
    let sample = numbered([i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX].into_iter());
    let package = sample.open();
    let table = package.layer("a").unwrap();
    let reader = package.reader().unwrap();
    for count in [1, 2, 3, 64] {
        assert_eq!(features_of(&reader, &package, &table, count).unwrap().len(), 7, "{count} parts");
    }
    for lonely in [i64::MIN, 0, i64::MAX] {
        assert_eq!(features(&numbered([lonely].into_iter()).open(), "a").unwrap().len(), 1);
    }
}

#[test]
fn parts_are_read_on_many_threads_at_once() {
    let sample = numbered(1..=5000);
    let package = sample.open();
    let table = package.layer("a").unwrap();
    let parts = package.parts(&table, 16).unwrap();
    let read: Vec<HashSet<i64>> = thread::scope(|scope| {
        let threads = parts.chunks(4).map(|parts| {
            let reader = package.reader().unwrap();
            scope.spawn(move || parts.iter().flat_map(|part| fids(&reader, part)).collect())
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(read.iter().map(HashSet::len).sum::<usize>(), 5000);
    assert_eq!(read.into_iter().flatten().collect::<HashSet<_>>(), (1..=5000).collect());
}

fn fids(reader: &longhaul_geopackage::Reader, part: &longhaul_geopackage::Part) -> Vec<i64> {
    let mut fids = Vec::new();
    for batch in reader.batches(part).unwrap() {
        fids.extend(batch.unwrap().rows().map(|row| match row.value(0) {
            Value::Integer(fid) => fid,
            other => panic!("{other:?}"),
        }));
    }
    fids
}

#[test]
fn batches_are_neither_long_nor_heavy() {
    let sample = numbered(1..=1000);
    sample.write(|db| {
        db.execute_batch("CREATE TABLE heavy AS SELECT fid, zeroblob(100000) AS b FROM a WHERE fid <= 10")
            .unwrap();
    });
    let package = sample.open();
    let reader = package.reader().unwrap();
    let lengths = |layer| -> Vec<usize> {
        let parts = package.parts(&package.layer(layer).unwrap(), 1).unwrap();
        reader.batches(&parts[0]).unwrap().map(|batch| batch.unwrap().len()).collect()
    };
    assert_eq!(lengths("a"), [256, 256, 256, 232]);
    assert_eq!(lengths("heavy"), [3, 3, 3, 1]);
}

#[test]
fn a_reader_reads_several_parts_side_by_side() {
    let sample = numbered(1..=2000);
    let package = sample.open();
    let reader = package.reader().unwrap();
    let parts = package.parts(&package.layer("a").unwrap(), 2).unwrap();
    let [mut first, mut second] = [&parts[0], &parts[1]].map(|part| reader.batches(part).unwrap());
    let mut rows = 0;
    while let (Some(one), Some(other)) = (first.next(), second.next()) {
        rows += one.unwrap().len() + other.unwrap().len();
    }
    assert_eq!(rows, 2000);
}

#[test]
fn an_interrupt_stops_a_reader_between_two_batches() {
    let sample = numbered(1..=1000);
    let package = sample.open();
    let reader = package.reader().unwrap();
    let parts = package.parts(&package.layer("a").unwrap(), 1).unwrap();
    let mut batches = reader.batches(&parts[0]).unwrap();
    assert_eq!(batches.next().unwrap().unwrap().len(), 256);
    package.interrupter().interrupt();
    let error = batches.next().unwrap().unwrap_err();
    assert_eq!(sample.message(&error), "reading upload.gpkg was interrupted");
    assert!(batches.next().is_none());
}

#[test]
fn columns_that_take_the_names_of_row_numbers_do_not_confuse() {
    let rows = "(3, 'x'), (2, 'y')";
    for columns in ["rowid INTEGER, t TEXT", "\"ROWID\" TEXT, _rowid_ TEXT"] {
        let sample = Sample::package(&format!("CREATE TABLE a({columns}); INSERT INTO a VALUES {rows};"));
        let package = sample.open();
        let table = package.layer("a").unwrap();
        assert!(table.has_rowid());
        let lines = features_of(&package.reader().unwrap(), &package, &table, 2).unwrap();
        assert!(lines.len() == 2 && lines[0].contains('3'), "{lines:?}");
    }
    let all =
        Sample::package("CREATE TABLE a(rowid, _rowid_, oid); INSERT INTO a VALUES(9, 8, 7), (1, 1, 1);");
    let package = all.open();
    assert!(!package.layer("a").unwrap().has_rowid());
    assert_eq!(features(&package, "a").unwrap(), ["9 8 7", "1 1 1"]);
}

#[test]
fn rows_come_in_the_order_of_the_table_not_of_an_index() {
    let sample = Sample::package(
        "CREATE TABLE a(t TEXT); INSERT INTO a VALUES('c'), ('a'), ('b'); CREATE INDEX all_of_it ON a(t); ANALYZE;",
    );
    assert_eq!(features(&sample.open(), "a").unwrap(), ["\"c\"", "\"a\"", "\"b\""]);
}
