//! Other programs in the same repository.

use std::{
    fs,
    process::Command,
    sync::mpsc::{Receiver, channel},
};

use longhaul_commands::ImportGeopackage;
use longhaul_tasks::{MemoryStore, Status};

use crate::support::{
    at_seal::AtSeal,
    git::{assert_clean, git},
    gpkg::{ROADS, gpkg},
    studio::Studio,
};

/// A studio in which `git` runs with these arguments in the repository when an import has staged everything and has the branch
/// locked; and whether Git did it.
fn studio_where(arguments: &'static [&'static str]) -> (Studio, Receiver<bool>) {
    let folder = tempfile::tempdir().unwrap();
    let git_dir = folder.path().join("repos/r.git");
    let (done, is_done) = channel();
    let store = AtSeal::new(move |_, _| {
        let git = Command::new("git").current_dir(git_dir).args(arguments).output().unwrap();
        done.send(git.status.success()).unwrap();
    });
    (Studio::set_up(folder, 2, store), is_done)
}

/// The id of a commit that is on `master`.
fn commit(studio: &Studio, message: &str) -> String {
    let tree = git(studio.git_dir(), &["mktree"]);
    let first = git(studio.git_dir(), &["commit-tree", "-m", message, &tree]);
    git(studio.git_dir(), &["update-ref", "refs/heads/master", &first]);
    first
}

fn roads(studio: &Studio) -> ImportGeopackage {
    studio.job(&gpkg(studio.scratch(), "f.gpkg", ROADS))
}

#[test]
fn a_push_while_an_import_commits_is_refused() {
    let (studio, is_pushed) = studio_where(&["push", "--quiet", ".", "other:master"]);
    let first = commit(&studio, "first");
    let tree = git(studio.git_dir(), &["mktree"]);
    let other = git(studio.git_dir(), &["commit-tree", "-m", "pushed", "-p", &first, &tree]);
    git(studio.git_dir(), &["update-ref", "refs/heads/other", &other]);

    studio.import(roads(&studio));
    assert!(!is_pushed.recv().unwrap());
    let log = git(studio.git_dir(), &["log", "--format=%s", "master"]);
    assert_eq!(log, "Import from f.gpkg:roads to roads/\nfirst");
    assert_clean(studio.git_dir());
}

#[test]
fn a_branch_is_not_deleted_while_an_import_commits() {
    let (studio, is_deleted) = studio_where(&["update-ref", "-d", "refs/heads/master"]);
    commit(&studio, "first");
    studio.import(roads(&studio));
    assert!(!is_deleted.recv().unwrap());
    let log = git(studio.git_dir(), &["log", "--format=%s", "master"]);
    assert_eq!(log, "Import from f.gpkg:roads to roads/\nfirst");
}

#[test]
fn refs_packed_in_the_meantime_do_not_matter() {
    let (studio, is_packed) = studio_where(&["gc", "--quiet"]);
    commit(&studio, "first");
    git(studio.git_dir(), &["update-ref", "refs/heads/other", "master"]);
    studio.import(roads(&studio));
    // Whether Git succeeds while one of the refs is locked is its own affair.
    is_packed.recv().unwrap();
    assert_clean(studio.git_dir());
}

#[test]
fn a_lock_that_somebody_left_is_told_of() {
    let studio = Studio::set_up(tempfile::tempdir().unwrap(), 2, MemoryStore::new());
    fs::write(studio.git_dir().join("refs/heads/master.lock"), "").unwrap();
    let refusal = studio.refusal(roads(&studio));
    assert_eq!(refusal, "could not move branch master; another program may have the repository locked");
    fs::remove_file(studio.git_dir().join("refs/heads/master.lock")).unwrap();
    studio.import(roads(&studio));
}

#[test]
fn a_repository_that_is_deleted_while_its_import_waits_is_told_of() {
    let studio = Studio::new();
    let job = roads(&studio);
    studio.repositories.delete(&"r".parse().unwrap()).unwrap();
    let task = studio.run(job);
    assert_eq!(studio.words(&task.error.unwrap()), "the repository was deleted");
}

#[test]
fn a_rename_does_not_lose_an_import() {
    let studio = Studio::new();
    let job = roads(&studio);
    studio.repositories.rename(&"r".parse().unwrap(), &"renamed".parse().unwrap()).unwrap();
    assert_eq!(studio.run(job).status, Status::Finished);
    let renamed = studio.repositories.get(&"renamed".parse().unwrap()).unwrap().unwrap();
    assert!(renamed.branch_tip("master").unwrap().is_some());
}
