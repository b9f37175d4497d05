//! Other programs that change the repository at the same time.

use std::fs;

use longhaul_commands::ImportGeopackage;
use longhaul_tasks::{MemoryStore, Status};

use crate::support::{
    git::{assert_clean, git},
    gpkg::{ROADS, gpkg},
    harness::Harness,
    seal_hook::SealHookStore,
};

/// A harness that calls `act` once an import has staged everything and is about to commit.
fn harness_where(act: impl FnOnce(&std::path::Path) + Send + 'static) -> Harness {
    let folder = tempfile::tempdir().unwrap();
    let git_dir = folder.path().join("repos/r.git");
    let store = SealHookStore::new(move |_, _| act(&git_dir));
    Harness::with_folder(folder, 2, store)
}

fn roads(harness: &Harness) -> ImportGeopackage {
    harness.job(&gpkg(harness.scratch(), "f.gpkg", ROADS))
}

const MOVED: &str =
    "branch master was moved by somebody else in the meantime, so nothing was committed; try again";

#[test]
fn a_push_in_the_meantime_wins() {
    let harness = harness_where(|git_dir| {
        let clone = git_dir.with_file_name("clone");
        git(git_dir, &["clone", "--quiet", ".", clone.to_str().unwrap()]);
        git(&clone, &["commit", "--quiet", "--allow-empty", "-m", "pushed"]);
        git(&clone, &["push", "--quiet", "origin", "HEAD:master"]);
    });
    let first = git(harness.git_dir(), &["commit-tree", "-m", "first", &empty_tree(&harness)]);
    git(harness.git_dir(), &["update-ref", "refs/heads/master", &first]);

    let task = harness.run(roads(&harness));
    assert_eq!(task.status, Status::Failed);
    assert_eq!(harness.error_text(&task.error.unwrap()), MOVED);
    assert_eq!(git(harness.git_dir(), &["log", "--format=%s", "master"]), "pushed\nfirst");
    assert_no_packs_of_ours(&harness);
    assert_clean(harness.git_dir());

    // The second attempt succeeds, because no other program interferes.
    harness.import(roads(&harness));
    let log = git(harness.git_dir(), &["log", "--format=%s", "master"]);
    assert_eq!(log, "Import from f.gpkg:roads to roads/\npushed\nfirst");
}

#[test]
fn a_branch_that_was_made_in_the_meantime_wins() {
    let harness = harness_where(|git_dir| {
        let tree = git(git_dir, &["mktree"]);
        let commit = git(git_dir, &["commit-tree", "-m", "first", &tree]);
        git(git_dir, &["update-ref", "refs/heads/master", &commit]);
    });
    let task = harness.run(roads(&harness));
    assert_eq!(task.status, Status::Failed);
    assert_eq!(harness.error_text(&task.error.unwrap()), MOVED);
    assert_eq!(git(harness.git_dir(), &["log", "--format=%s", "master"]), "first");
    assert_no_packs_of_ours(&harness);
}

#[test]
fn a_branch_that_was_deleted_in_the_meantime_stays_deleted() {
    let harness = harness_where(|git_dir| {
        git(git_dir, &["update-ref", "-d", "refs/heads/master"]);
    });
    let first = git(harness.git_dir(), &["commit-tree", "-m", "first", &empty_tree(&harness)]);
    git(harness.git_dir(), &["update-ref", "refs/heads/master", &first]);
    let task = harness.run(roads(&harness));
    assert_eq!(harness.error_text(&task.error.unwrap()), MOVED);
    assert_eq!(git(harness.git_dir(), &["for-each-ref"]), "");
}

#[test]
fn refs_packed_in_the_meantime_do_not_matter() {
    let harness = harness_where(|git_dir| {
        git(git_dir, &["pack-refs", "--all"]);
        git(git_dir, &["gc", "--quiet"]);
    });
    let first = git(harness.git_dir(), &["commit-tree", "-m", "first", &empty_tree(&harness)]);
    git(harness.git_dir(), &["update-ref", "refs/heads/master", &first]);
    harness.import(roads(&harness));
    assert_clean(harness.git_dir());
}

#[test]
fn a_stale_lock_is_reported() {
    let harness = Harness::with_folder(tempfile::tempdir().unwrap(), 2, MemoryStore::new());
    fs::write(harness.git_dir().join("refs/heads/master.lock"), "").unwrap();
    let error = harness.expect_failure(roads(&harness));
    assert_eq!(error, "could not move branch master; another program may have the repository locked");
    fs::remove_file(harness.git_dir().join("refs/heads/master.lock")).unwrap();
    harness.import(roads(&harness));
}

#[test]
fn the_deletion_of_a_repository_before_its_import_is_reported() {
    let harness = Harness::new();
    let job = roads(&harness);
    harness.repositories.delete(&"r".parse().unwrap()).unwrap();
    let task = harness.run(job);
    assert_eq!(harness.error_text(&task.error.unwrap()), "the repository was deleted");
}

#[test]
fn a_rename_does_not_lose_an_import() {
    let harness = Harness::new();
    let job = roads(&harness);
    harness.repositories.rename(&"r".parse().unwrap(), &"renamed".parse().unwrap()).unwrap();
    assert_eq!(harness.run(job).status, Status::Finished);
    let renamed = harness.repositories.get(&"renamed".parse().unwrap()).unwrap().unwrap();
    assert!(renamed.branch_tip("master").unwrap().is_some());
}

fn empty_tree(harness: &Harness) -> String {
    git(harness.git_dir(), &["mktree"])
}

/// Checks that there are no packs, temporary files or locks.
#[track_caller]
fn assert_no_packs_of_ours(harness: &Harness) {
    let left = harness.repository_files();
    assert!(left.iter().all(|file| !file.contains("tmp_") && !file.ends_with(".lock")), "{left:#?}");
    assert!(left.iter().all(|file| !file.ends_with(".pack")), "{left:#?}");
}
