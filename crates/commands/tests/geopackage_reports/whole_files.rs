//! Files that are packed, incomplete, or copied at the wrong moment.

use std::fs;

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
    let harness = Harness::new();
    let path = gpkg(harness.scratch(), "f.gpkg", ROADS);
    let mut bytes = fs::read(&path).unwrap();
    let size = bytes.len();
    bytes.extend([0; 5000]);
    fs::write(&path, bytes).unwrap();
    assert_eq!(
        import_file(&harness, &path),
        [format!(
            "f.gpkg has {} bytes, but {size} by its header: was it copied while a program wrote to it?",
            size + 5000
        )]
    );
    assert_eq!(layers(&harness), ["roads"]);
}

/// Copies a file while a transaction has written a part of its pages.
#[test]
fn a_file_that_was_copied_while_a_program_wrote_to_it_says_so() {
    let harness = Harness::new();
    let path = gpkg(harness.scratch(), "f.gpkg", ROADS);
    let writer = rusqlite::Connection::open(&path).unwrap();
    writer
        .execute_batch(
            "PRAGMA cache_size = 5; PRAGMA cache_spill = 5; BEGIN; CREATE TABLE more(fid INTEGER PRIMARY KEY, t TEXT);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
             INSERT INTO more SELECT i, hex(zeroblob(50)) FROM n;",
        )
        .unwrap();
    let copy = harness.scratch().join("copy.gpkg");
    fs::copy(&path, &copy).unwrap();
    drop(writer);
    let outcome = run(&harness, harness.job(&copy));
    let said = [outcome.error.unwrap_or_default(), outcome.warnings.concat()].concat();
    assert!(said.contains("was it copied while a program wrote to it?"), "{said}");
}
