//! Files that are packed, incomplete, or copied at the wrong moment.

use std::{fs, path::Path};

use crate::{
    outcome::{import_file, layers, report, run},
    support::{
        gpkg::{ROADS, gpkg},
        harness::Harness,
    },
};

#[test]
fn a_packed_file_says_so() {
    let harness = Harness::new();
    for (name, packer) in [("30-zipped.gpkg.zip", "ZIP"), ("30b-gzipped.gpkg.gz", "gzip")] {
        let error = run(&harness, harness.job(&report(&harness, name))).error;
        assert_eq!(
            error,
            Some(format!("{name} is packed by {packer}: unpack it, and import the GeoPackage in it"))
        );
    }
}

#[test]
fn a_file_whose_layers_may_be_in_its_wal_says_how_to_get_them() {
    let harness = Harness::new();
    let error = run(&harness, harness.job(&report(&harness, "28b-wal-not-checkpointed.gpkg"))).error.unwrap();
    assert_eq!(
        error,
        "28b-wal-not-checkpointed.gpkg has no layers: it is in WAL mode, and they may be in 28b-wal-not-checkpointed.gpkg-wal; \
         close the programs that have it open, or run PRAGMA wal_checkpoint(TRUNCATE), and import it again"
    );
}

#[test]
fn a_file_that_is_longer_than_its_header_says_is_read_with_a_warning() {
    // A byte, a page of zeros, and what a program may have appended before it wrote the first page.
    for more in [vec![0], vec![0; 4096], b"a page that was written already".repeat(500)] {
        let harness = Harness::new();
        let path = gpkg(harness.scratch(), "f.gpkg", ROADS);
        let mut bytes = fs::read(&path).unwrap();
        let size = bytes.len();
        bytes.extend(&more);
        fs::write(&path, bytes).unwrap();
        assert_eq!(
            import_file(&harness, &path),
            [format!(
                "f.gpkg has {} bytes, but {size} by its header: was it copied while a program wrote to it?",
                size + more.len()
            )]
        );
        assert_eq!(layers(&harness), ["roads"]);
    }
}

const WRITTEN_TO: &str = "was it copied while a program wrote to it?";

/// Imports a file and returns its error and its warnings in one text.
fn said_of(harness: &Harness, path: &Path) -> String {
    let outcome = run(harness, harness.job(path));
    [outcome.error.unwrap_or_default(), outcome.warnings.concat()].concat()
}

/// Copies a file while a transaction has written a part of its pages.
#[test]
fn a_file_that_was_copied_while_a_program_wrote_to_it_says_so() {
    let insert = "INSERT INTO more SELECT i, hex(zeroblob(50)) FROM n;";
    for transaction in [
        format!("CREATE TABLE more(fid INTEGER PRIMARY KEY, t TEXT); WITH RECURSIVE {MANY} {insert}"),
        format!("CREATE TABLE more(fid INTEGER PRIMARY KEY, t TEXT UNIQUE); WITH RECURSIVE {MANY} {insert}")
            .replace("hex(zeroblob(50))", "hex(randomblob(50))"),
        format!(
            "ALTER TABLE roads ADD COLUMN t; WITH RECURSIVE {MANY} INSERT INTO roads SELECT i + 2, 'r', randomblob(90) FROM n;"
        ),
    ] {
        let harness = Harness::new();
        let path = gpkg(harness.scratch(), "f.gpkg", ROADS);
        let writer = rusqlite::Connection::open(&path).unwrap();
        let begin = "PRAGMA cache_size = 5; PRAGMA cache_spill = 5; BEGIN;";
        writer.execute_batch(&format!("{begin} {transaction}")).unwrap();
        let copy = harness.scratch().join("copy.gpkg");
        fs::copy(&path, &copy).unwrap();
        drop(writer);
        let said = said_of(&harness, &copy);
        assert!(said.contains(WRITTEN_TO), "{transaction}: {said}");
    }
}

const MANY: &str = "n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)";

/// Copies the first pages of a file before a change and the others behind it.
#[test]
fn a_file_of_pages_from_before_and_after_a_change_says_so() {
    let table = |name: &str, key: &str| {
        format!(
            "CREATE TABLE {name}({key}, t TEXT) {}; WITH RECURSIVE {MANY} INSERT INTO {name} SELECT i, 'x' || i FROM n;",
            if key.contains("TEXT") { "WITHOUT ROWID" } else { "" }
        )
    };
    let rows = || table("a", "fid INTEGER PRIMARY KEY");
    let harness = Harness::new();
    let bytes = |name: &str, sql: &str| fs::read(gpkg(harness.scratch(), name, sql)).unwrap();
    let before = bytes("before.gpkg", &rows());
    let after = bytes("after.gpkg", &(table("b", "n TEXT PRIMARY KEY") + &rows()));
    let short = bytes("short.gpkg", ROADS);
    let page = 4096;
    for (name, mixed, expected) in [
        ("grown", [&short[..page], &before[page..]].concat(), WRITTEN_TO),
        ("shrunk", [&before[..page], &short[page..]].concat(), "is truncated: "),
        ("moved", [&before[..page], &after[page..before.len()]].concat(), WRITTEN_TO),
    ] {
        let path = harness.scratch().join("f.gpkg");
        fs::write(&path, mixed).unwrap();
        let said = said_of(&harness, &path);
        assert!(said.contains(expected), "{name}: {said}");
    }
}
