//! Features of all sizes.

use crate::support::{
    git::{assert_clean, git},
    gpkg::gpkg,
    harness::Harness,
    rows::layer,
};

/// SQL for random bytes, which cannot be compressed.
fn noise(length: usize) -> String {
    format!("randomblob({length})")
}

/// SQL for bytes that can be compressed.
fn zeros(length: usize) -> String {
    format!("zeroblob({length})")
}

fn import(harness: &Harness, values: &[String]) -> String {
    let mut sql = "CREATE TABLE files (fid INTEGER PRIMARY KEY, content BLOB);".to_owned();
    for (at, value) in values.iter().enumerate() {
        sql += &format!("INSERT INTO files VALUES ({at}, {value});");
    }
    harness.import(harness.job(&gpkg(harness.scratch(), "f.gpkg", &sql)))
}

/// Lengths around the limits at which the encoding changes in packs, in stored deflate blocks and in MessagePack.
const LENGTHS: [usize; 13] =
    [1, 15, 16, 255, 256, 2000, 65_000, 65_535, 65_536, 70_000, 131_070, 1 << 20, (16 << 20) + 100];

#[test]
fn values_of_every_size_come_back() {
    for make in [noise, zeros] {
        let harness = Harness::new();
        let values: Vec<_> = LENGTHS.iter().map(|length| make(*length)).collect();
        let commit = import(&harness, &values);
        assert_clean(harness.git_dir());
        let mut lengths = Vec::new();
        for batch in layer(&harness.repository, &commit, "files").batches() {
            for row in batch.unwrap().rows() {
                let longhaul_geodata::Value::Blob(bytes) = row.value(1) else { panic!("a blob") };
                lengths.push(bytes.len());
            }
        }
        lengths.sort_unstable();
        assert_eq!(lengths, LENGTHS);
    }
}

#[test]
fn compressible_features_are_compressed() {
    let harness = Harness::new();
    let values: Vec<_> = (0..200)
        .map(|_| zeros(10_000))
        .enumerate()
        .map(|(at, zeros)| format!("CAST({at} AS BLOB) || {zeros}"))
        .collect();
    let commit = import(&harness, &values);
    assert_clean(harness.git_dir());
    let size: u64 = pack_size(&harness);
    assert!(size < 200_000, "{size} bytes for {commit}");
}

#[test]
fn incompressible_features_are_stored() {
    let harness = Harness::new();
    import(&harness, &vec![noise(10_000); 200]);
    assert_clean(harness.git_dir());
    let size = pack_size(&harness);
    assert!((2_000_000..2_050_000).contains(&size), "{size} bytes");
}

/// The size of all packs in bytes.
fn pack_size(harness: &Harness) -> u64 {
    let folder = std::fs::read_dir(harness.git_dir().join("objects/pack")).unwrap();
    let packs = folder
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "pack"));
    packs.map(|pack| pack.metadata().unwrap().len()).sum()
}

#[test]
fn a_clone_holds_what_was_imported() {
    let harness = Harness::new();
    let commit = import(&harness, &[noise(100), zeros(100_000), noise(70_000)]);
    let clone = harness.scratch().join("clone.git");
    let source = format!("file://{}", harness.git_dir().display());
    git(harness.scratch(), &["clone", "--quiet", "--bare", &source, clone.to_str().unwrap()]);
    assert_eq!(git(&clone, &["rev-parse", "master"]), commit);
    assert_clean(&clone);
}

#[test]
fn a_repack_by_git_changes_nothing() {
    let harness = Harness::new();
    let commit = import(&harness, &[noise(100), zeros(100_000), noise(70_000)]);
    let values = |harness: &Harness| crate::support::rows::rows(&harness.repository, &commit, "files");
    let before = values(&harness);
    git(harness.git_dir(), &["gc", "--quiet", "--aggressive", "--prune=now"]);
    assert_eq!(values(&harness), before);
    assert_clean(harness.git_dir());
}
