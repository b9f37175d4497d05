//! Other programs that change the repository at the same time.

use std::{
    fs,
    process::Command,
    sync::mpsc::{Receiver, channel},
};

use longhaul_commands::ImportGeopackage;
use longhaul_tasks::{MemoryStore, Status};

use crate::support::{
    git::{assert_clean, git},
    gpkg::{ROADS, gpkg},
    harness::Harness,
    seal_hook::at_seal,
};

/// A harness in which `git` runs with these arguments in the repository, once an import has staged everything and has locked the
/// branch; and whether Git succeeded.
fn harness_where(arguments: &'static [&'static str]) -> (Harness, Receiver<bool>) {
    let folder = tempfile::tempdir().unwrap();
    let git_dir = folder.path().join("repos/r.git");
    let (done, is_done) = channel();
    let store = at_seal(move || {
        let git = Command::new("git").current_dir(git_dir).args(arguments).output().unwrap();
        done.send(git.status.success()).unwrap();
    });
    (Harness::with_folder(folder, 2, store), is_done)
}

/// The id of a commit that is on `master`.
fn commit(harness: &Harness, message: &str) -> String {
    let tree = git(harness.git_dir(), &["mktree"]);
    let first = git(harness.git_dir(), &["commit-tree", "-m", message, &tree]);
    git(harness.git_dir(), &["update-ref", "refs/heads/master", &first]);
    first
}

fn roads(harness: &Harness) -> ImportGeopackage {
    harness.job(&gpkg(harness.scratch(), "f.gpkg", ROADS))
}

#[test]
fn a_push_while_an_import_commits_is_refused() {
    let (harness, is_pushed) = harness_where(&["push", "--quiet", ".", "other:master"]);
    let first = commit(&harness, "first");
    let tree = git(harness.git_dir(), &["mktree"]);
    let other = git(harness.git_dir(), &["commit-tree", "-m", "pushed", "-p", &first, &tree]);
    git(harness.git_dir(), &["update-ref", "refs/heads/other", &other]);

    harness.import(roads(&harness));
    assert!(!is_pushed.recv().unwrap());
    let log = git(harness.git_dir(), &["log", "--format=%s", "master"]);
    assert_eq!(log, "Import from f.gpkg:roads to roads/\nfirst");
    assert_clean(harness.git_dir());
}

#[test]
fn a_branch_is_not_deleted_while_an_import_commits() {
    let (harness, is_deleted) = harness_where(&["update-ref", "-d", "refs/heads/master"]);
    commit(&harness, "first");
    harness.import(roads(&harness));
    assert!(!is_deleted.recv().unwrap());
    let log = git(harness.git_dir(), &["log", "--format=%s", "master"]);
    assert_eq!(log, "Import from f.gpkg:roads to roads/\nfirst");
}

#[test]
fn refs_packed_in_the_meantime_do_not_matter() {
    let (harness, is_packed) = harness_where(&["gc", "--quiet"]);
    commit(&harness, "first");
    git(harness.git_dir(), &["update-ref", "refs/heads/other", "master"]);
    harness.import(roads(&harness));
    // Git may succeed or not while one of the refs is locked.
    is_packed.recv().unwrap();
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
