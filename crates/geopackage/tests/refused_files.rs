//! Files that are not what they should be.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod build;

use std::sync::LazyLock;
use std::thread;

use build::{POINT, SHOWN_NAME, Sample, features};
use longhaul_geopackage::{Error, GeoPackage, Interrupter};
use proptest::prelude::*;
use rusqlite::Connection;

#[test]
fn a_file_of_another_kind_is_refused() {
    for bytes in [&b""[..], b"GP", b"PK", &[0; 4096], b"SQLite format 3\0", &[b'x'; 200]] {
        assert_eq!(
            Sample::bytes(bytes).refusal(),
            "upload.gpkg is not a GeoPackage: it is not an SQLite file"
        );
    }
}

#[test]
fn a_packed_file_is_told_by_what_packed_it() {
    for (start, packer) in [
        (&b"PK\x03\x04"[..], "ZIP"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"BZh91AY&SY", "bzip2"),
        (b"\xfd7zXZ\0\0", "xz"),
        (b"7z\xbc\xaf\x27\x1c\0", "7-Zip"),
    ] {
        assert_eq!(
            Sample::bytes(start).refusal(),
            format!("upload.gpkg is packed by {packer}: unpack it, and import the GeoPackage in it")
        );
    }
}

#[test]
fn bytes_behind_the_end_of_the_file_are_told() {
    let sample = Sample::package("CREATE TABLE a(fid INTEGER PRIMARY KEY); INSERT INTO a VALUES(1);");
    let size = std::fs::metadata(sample.path()).unwrap().len();
    for more in [1, 4096] {
        sample.patch(|bytes| bytes.resize(size as usize + more, 0));
        let package = sample.open();
        let expected = format!(
            "upload.gpkg has {} bytes, but {size} by its header: was it copied while a program wrote to it?",
            size as usize + more
        );
        assert_eq!(package.warnings(), [expected.as_str()]);
        assert_eq!(features(&package, "a").unwrap(), ["1"]);
    }
}

#[test]
fn a_header_with_nothing_behind_it_is_refused() {
    let mut header = b"SQLite format 3\0".to_vec();
    header.resize(4096, 0xff);
    let sample = Sample::bytes(&header);
    assert!(matches!(sample.try_open(), Err(Error::NotSqlite { .. } | Error::Truncated { .. })));
}

#[test]
fn a_missing_file_is_an_error_of_the_system() {
    let sample = Sample::bytes(b"");
    let missing = sample.path().with_extension("gone");
    let error = GeoPackage::open(&missing, SHOWN_NAME).unwrap_err();
    assert!(sample.message(&error).starts_with("cannot read upload.gpkg: "));
}

#[test]
fn a_file_that_vanishes_later_is_not_told_by_its_place() {
    let sample = Sample::package("CREATE TABLE a(fid INTEGER PRIMARY KEY);");
    let package = sample.open();
    std::fs::remove_file(sample.path()).unwrap();
    let message = sample.message(&package.reader().unwrap_err());
    assert!(message.starts_with("upload.gpkg: SQLite failed while opening it: "), "{message}");
}

#[test]
fn a_truncated_file_is_refused() {
    let sample = Sample::package("CREATE TABLE a(fid INTEGER PRIMARY KEY); INSERT INTO a VALUES(1);");
    let mut whole = 0;
    sample.patch(|bytes| {
        whole = bytes.len();
        bytes.truncate(whole - 1);
    });
    let expected =
        format!("upload.gpkg is truncated: {whole} bytes by its header, but only {} are there", whole - 1);
    assert_eq!(sample.refusal(), expected);

    sample.patch(|bytes| bytes.truncate(100));
    assert!(matches!(sample.try_open(), Err(Error::Truncated { found: 100, .. })));
}

#[test]
fn an_sqlite_file_of_another_kind_is_refused() {
    let other = Sample::database("CREATE TABLE roads(id INTEGER PRIMARY KEY, name TEXT);");
    let expected = "upload.gpkg is not a GeoPackage: it has neither the application id nor the tables of one";
    assert_eq!(other.refusal(), expected);
    let views = Sample::database(
        "CREATE VIEW gpkg_contents AS SELECT 1 AS table_name; CREATE VIEW gpkg_spatial_ref_sys AS SELECT 1;",
    );
    assert_eq!(views.refusal(), expected);
}

#[test]
fn a_geopackage_is_known_by_its_mark_or_by_its_tables() {
    for mark in ["0x47504B47", "0x47503130", "0x47503131"] {
        Sample::database(&format!("PRAGMA application_id = {mark}; CREATE TABLE a(b);")).open();
    }
    Sample::package("PRAGMA application_id = 0;").open();
    Sample::database(
        "CREATE TABLE GPKG_Contents(table_name); CREATE TABLE gpkg_geometry_columns(table_name);",
    )
    .open();
}

#[test]
fn a_file_in_wal_mode_is_read_without_the_edits_beside_it() {
    let sample = Sample::package("CREATE TABLE a(fid INTEGER PRIMARY KEY); PRAGMA journal_mode = WAL;");
    let writer = Connection::open(sample.path()).unwrap();
    writer
        .execute_batch(
            "INSERT INTO a VALUES(1); PRAGMA wal_checkpoint(TRUNCATE);
             PRAGMA wal_autocheckpoint = 0; INSERT INTO a VALUES(2);",
        )
        .unwrap();

    let package = sample.open();
    assert_eq!(
        package.warnings(),
        ["upload.gpkg is in WAL mode: edits that were left in upload.gpkg-wal beside it are not in it"]
    );
    assert_eq!(features(&package, "a").unwrap(), ["1"]);
}

#[test]
fn a_complete_file_in_wal_mode_has_no_warning() {
    let sample = Sample::package("CREATE TABLE a(fid INTEGER PRIMARY KEY); PRAGMA journal_mode = WAL;");
    assert!(sample.open().is_wal());
    assert_eq!(sample.open().warnings(), [""; 0]);
    std::fs::write(format!("{}-wal", sample.path().display()), "").unwrap();
    assert_eq!(sample.open().warnings(), [""; 0]);
    sample.write(|db| {
        db.execute_batch("INSERT INTO gpkg_contents(table_name, data_type) VALUES('gone', 'features')")
            .unwrap();
    });
    sample.patch(|bytes| bytes[18..20].fill(2));
    assert_eq!(
        sample.open().warnings(),
        [
            "gpkg_contents names \"gone\", which is not in the file",
            "upload.gpkg is in WAL mode: edits that were left in upload.gpkg-wal beside it are not in it"
        ]
    );
}

/// A table of so many rows that its tree has three levels, on small pages.
fn tall_table(ending: &str) -> Sample {
    Sample::database(&format!(
        "PRAGMA page_size = 512; PRAGMA application_id = 0x47504B47;
         CREATE TABLE a(fid INTEGER PRIMARY KEY, t TEXT) {ending};
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO a SELECT i, 'feature number ' || i FROM n;"
    ))
}

const PAGE: usize = 512;

/// The kind of a page: one that refers to others, of a table with numbered rows or of one without.
const INTERIOR: [u8; 2] = [5, 2];

fn two(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]))
}

/// The pages that refer to others, by number, as the file has them. The first page has a header before its own.
fn interior_pages(bytes: &[u8]) -> Vec<usize> {
    (2..=bytes.len() / PAGE).filter(|page| INTERIOR.contains(&bytes[(page - 1) * PAGE])).collect()
}

/// Where in the file a page names the pages below it.
fn children(bytes: &[u8], page: usize) -> Vec<usize> {
    let start = (page - 1) * PAGE;
    let cells = (0..two(bytes, start + 3)).map(|cell| start + two(bytes, start + 12 + 2 * cell));
    cells.chain([start + 8]).collect()
}

/// Makes every page below `page` the page `child`.
fn refer(bytes: &mut [u8], page: usize, child: usize) {
    for at in children(bytes, page) {
        bytes[at..at + 4].copy_from_slice(&(child as u32).to_be_bytes());
    }
}

/// Some leaf of the tree.
fn leaf(bytes: &[u8]) -> usize {
    let interior = interior_pages(bytes);
    let named = interior.iter().flat_map(|page| children(bytes, *page));
    let mut named = named.map(|at| two(bytes, at + 2));
    named.find(|page| !interior.contains(page)).unwrap()
}

#[test]
fn an_interrupt_stops_a_statement_that_would_never_end() {
    let sample = Sample::database(
        "PRAGMA page_size = 512; PRAGMA application_id = 0x47504B47;
         CREATE TABLE gpkg_contents(table_name TEXT, data_type TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO gpkg_contents SELECT 'table number ' || i, 'features' FROM n;",
    );
    sample.patch(|bytes| multiply_rows(bytes));
    let interrupter = Interrupter::default();
    let error = thread::scope(|scope| {
        let opening =
            scope.spawn(|| GeoPackage::open_interruptible(sample.path(), SHOWN_NAME, &interrupter).map(drop));
        interrupter.interrupt();
        opening.join().unwrap().unwrap_err()
    });
    assert!(matches!(error, Error::Interrupted { .. }), "{error}");
}

#[test]
fn a_tree_that_contains_itself_is_damage() {
    for ending in ["", "WITHOUT ROWID"] {
        let sample = tall_table(ending);
        assert_eq!(features(&sample.open(), "a").unwrap().len(), 5000);
        sample.patch(|bytes| {
            let pages = interior_pages(bytes);
            assert!(pages.len() > 3, "{pages:?}");
            for page in &pages {
                refer(bytes, *page, *page);
            }
        });
        let error = features(&sample.open(), "a").unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
        assert!(sample.message(&error).starts_with("upload.gpkg is damaged: "), "{error}");
    }
}

/// Each page refers to the next one only, once for each of its rows: a few pages make more rows than anyone can read.
fn multiply_rows(bytes: &mut [u8]) {
    let last = leaf(bytes);
    let pages = &interior_pages(bytes)[..6];
    let below = pages.iter().skip(1).copied().chain([last]).collect::<Vec<_>>();
    for (page, below) in pages.iter().zip(below) {
        refer(bytes, *page, below);
    }
}

#[test]
fn a_small_file_with_endless_rows_is_damage() {
    for ending in ["", "WITHOUT ROWID"] {
        let sample = tall_table(ending);
        sample.patch(|bytes| multiply_rows(bytes));
        let error = features(&sample.open(), "a").unwrap_err();
        assert_eq!(
            sample.message(&error),
            "upload.gpkg is damaged: the rows of layer \"a\" repeat; was it copied while a program wrote to it?"
        );
    }
}

/// The bytes of a small file with a bit of everything.
fn small_file() -> Vec<u8> {
    let sample = Sample::package(&format!(
        "CREATE TABLE a(fid INTEGER PRIMARY KEY, geom POINT, t TEXT(10), b BOOLEAN);
         INSERT INTO gpkg_contents(table_name, data_type, srs_id) VALUES('a', 'features', 4326);
         INSERT INTO gpkg_geometry_columns VALUES('a', 'geom', 'POINT', 4326, 0, 0);
         INSERT INTO a VALUES(1, {POINT}, 'x', 1); INSERT INTO a SELECT fid + 1, geom, 'y', 0 FROM a;
         CREATE TABLE b(k TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO b VALUES('k');"
    ));
    std::fs::read(sample.path()).unwrap()
}

/// Reads all there is.
fn read_all(sample: &Sample) -> Result<(), Error> {
    let package = sample.try_open()?;
    for layer in package.layer_names() {
        features(&package, layer)?;
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_file_with_changed_bytes_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        in_header in any::<bool>(),
    ) {
        static SMALL_FILE: LazyLock<Vec<u8>> = LazyLock::new(small_file);
        let mut bytes = SMALL_FILE.clone();
        let reach = if in_header { 100 } else { bytes.len() };
        for (at, byte) in &changes {
            bytes[at.index(reach)] = *byte;
        }
        let sample = Sample::bytes(&bytes);
        if let Err(error) = read_all(&sample) {
            prop_assert!(sample.message(&error).contains("upload.gpkg"));
        }
    }
}
