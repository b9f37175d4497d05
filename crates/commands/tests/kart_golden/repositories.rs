//! Reads repositories that Kart made, and imports into them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use longhaul_commands::ImportGeopackage;
use longhaul_tasks::MemoryStore;

use crate::{
    decoded::assert_same_rows,
    golden::{Golden, golden},
    support::{
        git::{assert_clean, git},
        harness::Harness,
    },
};

/// All recorded repositories.
pub const NAMES: [&str; 10] = [
    "custom_crs",
    "empty-geometry",
    "meta-updates",
    "pk-second",
    "points",
    "points-with-attached-files",
    "polygons",
    "string-pks",
    "table",
    "types",
];

#[test]
fn repositories_made_by_kart_are_read_as_kart_reads_them() {
    let Some(golden) = golden("kart-made-repos") else { return };
    for name in NAMES {
        eprintln!("reading {name}");
        let harness = serve(&golden, name);
        let commit = git(harness.git_dir(), &["rev-parse", "HEAD"]);
        let rows = golden.rows(&format!("{name}.diff.jsonl.gz")).unwrap();
        assert_same_rows(&harness.repository, &commit, rows, |_| true);
    }
}

#[test]
fn a_new_layer_beside_those_of_kart_leaves_them_alone() {
    let Some(golden) = golden("kart-made-repos") else { return };
    let files = crate::golden::golden("e2e").unwrap();
    for name in NAMES {
        eprintln!("importing into {name}");
        let harness = serve(&golden, name);
        let before = git(harness.git_dir(), &["rev-parse", "HEAD"]);
        let file = files.unpack("e2e", harness.scratch());
        let branch = git(harness.git_dir(), &["symbolic-ref", "--short", "HEAD"]);

        let commit = harness.import(ImportGeopackage { branch: Some(branch), ..harness.job(&file) });

        assert_clean(harness.git_dir());
        assert_eq!(git(harness.git_dir(), &["rev-parse", &format!("{commit}^")]), before);
        let changed = git(harness.git_dir(), &["diff-tree", "--name-status", &before, &commit]);
        assert_eq!(changed, "A\tmylayer");
    }
}

#[test]
fn a_layer_that_kart_imported_is_continued() {
    let Some(golden) = golden("kart-made-repos") else { return };
    let files = crate::golden::golden("gpkg-points").unwrap();
    let harness = serve(&golden, "points");
    let newest = git(harness.git_dir(), &["rev-parse", "HEAD"]);
    let file = files.unpack("gpkg-points", harness.scratch());

    // Its first commit has the same rows, and its second commit changes five of them.
    let commit = harness.import(ImportGeopackage { branch: Some("main".to_owned()), ..harness.job(&file) });

    assert_clean(harness.git_dir());
    let changed = |from: &str, to: &str| {
        let changed = git(harness.git_dir(), &["diff-tree", "-r", "--name-only", from, to]);
        changed.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(changed(&newest, &commit), changed(&format!("{newest}^"), &newest));
    assert_eq!(changed(&format!("{newest}^"), &commit), [] as [&str; 0]);
}

/// A harness whose repository is a bare clone of it.
pub fn serve(golden: &Golden, name: &str) -> Harness {
    let folder = tempfile::tempdir().unwrap();
    let unpacked = unpack(&golden.path(&format!("{name}.tgz")), folder.path());
    let clone = folder.path().join("repos/r.git");
    fs::create_dir(folder.path().join("repos")).unwrap();
    git(folder.path(), &["clone", "--quiet", "--bare", unpacked.to_str().unwrap(), clone.to_str().unwrap()]);
    Harness::with_folder(folder, 2, MemoryStore::new())
}

/// Unpacks a repository and returns its Git directory.
fn unpack(archive: &Path, folder: &Path) -> PathBuf {
    let target = folder.join("unpacked");
    fs::create_dir(&target).unwrap();
    let status = Command::new("tar")
        .args(["--no-same-owner", "-xzf"])
        .arg(archive)
        .arg("-C")
        .arg(&target)
        .status()
        .unwrap();
    assert!(status.success());
    let repository = fs::read_dir(&target).unwrap().next().unwrap().unwrap().path();
    repository.join(".kart")
}
