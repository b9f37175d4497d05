//! Other programs in the same repository.

use std::fs;

use longhaul_commands::ImportGeopackage;
use longhaul_tasks::{MemoryStore, Status};

use crate::support::{
    at_seal::AtSeal,
    git::{assert_clean, git},
    gpkg::{ROADS, gpkg},
    studio::Studio,
};

/// A studio in which `act` happens to the repository when an import has staged everything, and it may commit.
fn studio_where(act: impl FnOnce(&std::path::Path) + Send + 'static) -> Studio {
    let folder = tempfile::tempdir().unwrap();
    let git_dir = folder.path().join("repos/r.git");
    let store = AtSeal::new(move |_, _| act(&git_dir));
    Studio::set_up(folder, 2, store)
}

fn roads(studio: &Studio) -> ImportGeopackage {
    studio.job(&gpkg(studio.scratch(), "f.gpkg", ROADS))
}

const MOVED: &str =
    "branch master was moved by somebody else in the meantime, so nothing was committed; try again";

#[test]
fn a_push_in_the_meantime_wins() {
    let studio = studio_where(|git_dir| {
        let clone = git_dir.with_file_name("clone");
        git(git_dir, &["clone", "--quiet", ".", clone.to_str().unwrap()]);
        git(&clone, &["commit", "--quiet", "--allow-empty", "-m", "pushed"]);
        git(&clone, &["push", "--quiet", "origin", "HEAD:master"]);
    });
    let first = git(studio.git_dir(), &["commit-tree", "-m", "first", &empty_tree(&studio)]);
    git(studio.git_dir(), &["update-ref", "refs/heads/master", &first]);

    let task = studio.run(roads(&studio));
    assert_eq!(task.status, Status::Failed);
    assert_eq!(studio.words(&task.error.unwrap()), MOVED);
    assert_eq!(git(studio.git_dir(), &["log", "--format=%s", "master"]), "pushed\nfirst");
    assert_no_packs_of_ours(&studio);
    assert_clean(studio.git_dir());

    // Once more, and there is nobody in the way.
    studio.import(roads(&studio));
    let log = git(studio.git_dir(), &["log", "--format=%s", "master"]);
    assert_eq!(log, "Import from f.gpkg:roads to roads/\npushed\nfirst");
}

#[test]
fn a_branch_that_was_made_in_the_meantime_wins() {
    let studio = studio_where(|git_dir| {
        let tree = git(git_dir, &["mktree"]);
        let commit = git(git_dir, &["commit-tree", "-m", "first", &tree]);
        git(git_dir, &["update-ref", "refs/heads/master", &commit]);
    });
    let task = studio.run(roads(&studio));
    assert_eq!(task.status, Status::Failed);
    assert_eq!(studio.words(&task.error.unwrap()), MOVED);
    assert_eq!(git(studio.git_dir(), &["log", "--format=%s", "master"]), "first");
    assert_no_packs_of_ours(&studio);
}

#[test]
fn a_branch_that_was_deleted_in_the_meantime_stays_deleted() {
    let studio = studio_where(|git_dir| {
        git(git_dir, &["update-ref", "-d", "refs/heads/master"]);
    });
    let first = git(studio.git_dir(), &["commit-tree", "-m", "first", &empty_tree(&studio)]);
    git(studio.git_dir(), &["update-ref", "refs/heads/master", &first]);
    let task = studio.run(roads(&studio));
    assert_eq!(studio.words(&task.error.unwrap()), MOVED);
    assert_eq!(git(studio.git_dir(), &["for-each-ref"]), "");
}

#[test]
fn refs_packed_in_the_meantime_do_not_matter() {
    let studio = studio_where(|git_dir| {
        git(git_dir, &["pack-refs", "--all"]);
        git(git_dir, &["gc", "--quiet"]);
    });
    let first = git(studio.git_dir(), &["commit-tree", "-m", "first", &empty_tree(&studio)]);
    git(studio.git_dir(), &["update-ref", "refs/heads/master", &first]);
    studio.import(roads(&studio));
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

fn empty_tree(studio: &Studio) -> String {
    git(studio.git_dir(), &["mktree"])
}

/// Neither a pack nor what would become one.
#[track_caller]
fn assert_no_packs_of_ours(studio: &Studio) {
    let left = studio.traces();
    assert!(left.iter().all(|file| !file.contains("tmp_") && !file.ends_with(".lock")), "{left:#?}");
    assert!(left.iter().all(|file| !file.ends_with(".pack")), "{left:#?}");
}
